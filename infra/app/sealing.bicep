@export()
@description('The name of a sealing key in the vault, whose names have no _.')
func sealingNameOf(id string) string => 'sealing-${replace(id, '_', '-')}'
