metadata description = 'The vault with the admin key and the keys of the providers.'

import { tagsType } from 'types.bicep'
import { providerType, secretNameOf } from 'providers.bicep'

param name string
param location string
param tags tagsType

@description('The name of the secret.')
param adminKeyName string

@secure()
@description('Empty: a generated key is stored once, and a later deployment leaves it alone.')
param adminKey string

@secure()
@description('Stored if adminKey is empty and the vault has no admin key yet.')
param generatedAdminKey string

param providers providerType[]

@secure()
@description('The key of each provider by its name. A provider without one keeps the key that the vault has.')
param providerKeys { *: string }

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
  }
}

resource givenKey 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (!empty(adminKey)) {
  parent: vault
  name: adminKeyName
  properties: {
    value: adminKey
  }
}

// Every deployment generates another key, so only the first may be stored.
@onlyIfNotExists()
resource generatedKey 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = if (empty(adminKey)) {
  parent: vault
  name: adminKeyName
  properties: {
    value: generatedAdminKey
  }
}

resource keys 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = [
  for provider in providers: if (contains(providerKeys, provider.name)) {
    parent: vault
    name: secretNameOf(provider.name)
    properties: {
      value: providerKeys[provider.name]
    }
  }
]
