@export()
@description('Tags of a resource.')
type tagsType = {
  *: string
}
