@export()
@description('A server of OpenAI\'s chat completions. Chatbots that name no provider use the one named main.')
type providerType = {
  @description('Letters, digits and _, because the name becomes part of the names of app settings.')
  @minLength(1)
  @maxLength(50)
  name: string

  @description('The base URL to which /chat/completions is appended.')
  endpoint: string

  @description('The model of chatbots that name none.')
  model: string

  @description('How long the provider may send nothing. The default is 60.')
  @minValue(1)
  @maxValue(120)
  timeoutSeconds: int?

  @description('True to ask the provider for the tokens of each reply. The default is false: not every server knows it.')
  countTokens: bool?

  @description('The numbers of the tenants that may use it. The default is all tenants.')
  tenants: int[]?
}

// In both cases, because toLower also maps a few other characters to these letters.
var allowedCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'

func withOtherCharacters(names string[]) string[] =>
  filter(
    names,
    name => !empty(filter(range(0, length(name)), at => !contains(allowedCharacters, substring(name, at, 1))))
  )

func usedTwice(names string[]) string[] => filter(names, name => length(filter(names, other => other =~ name)) > 1)

func namesOf(providers providerType[]) string[] => map(providers, provider => provider.name)

func refuse(rule string, names string[]) providerType[] =>
  fail('PARLEY_PROVIDERS: ${rule} Change ${join(names, ', ')}.')

@export()
@description('The same providers. Names that app settings cannot have, or take for one another, end the deployment.')
func validProviders(providers providerType[]) providerType[] =>
  !empty(withOtherCharacters(namesOf(providers)))
    ? refuse('a name has only A-Z, a-z, 0-9 and _.', withOtherCharacters(namesOf(providers)))
    : !empty(usedTwice(namesOf(providers)))
        ? refuse('names must differ in more than case.', usedTwice(namesOf(providers)))
        : providers

@export()
@description('The name of a provider\'s key in the vault, whose names have no _.')
func secretNameOf(provider string) string => 'provider-${replace(provider, '_', '-')}'
