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
}

@export()
@description('The name of a provider\'s key in the vault, whose names have no _.')
func secretNameOf(provider string) string => 'provider-${replace(provider, '_', '-')}'
