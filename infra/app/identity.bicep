metadata description = 'The identity of the app. No key and no connection string leads to storage, to the vault or to telemetry.'

import { tagsType } from 'types.bicep'

param name string
param location string
param tags tagsType

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

output id string = identity.id
output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
