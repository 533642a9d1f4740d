metadata description = 'The vault with the admin key, the keys of the providers and the keys that seal secrets.'

import { tagsType } from 'types.bicep'
import { providerType, secretNameOf } from 'providers.bicep'
import { sealingNameOf } from 'sealing.bicep'

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

@description('The ids of the keys that seal secrets in tables.')
param sealingIds string[]

@secure()
@description('Each sealing key that the vault lacks is made of it and of the id of the key.')
param generatedSealingKey string

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

// Stored once and never replaced: secrets that are sealed with a lost key cannot be opened.
@onlyIfNotExists()
resource sealingKeys 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = [
  for id in sealingIds: {
    parent: vault
    name: sealingNameOf(id)
    properties: {
      value: base64('${generatedSealingKey}-${id}')
    }
  }
]

resource keys 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = [
  for provider in providers: if (contains(providerKeys, provider.name)) {
    parent: vault
    name: secretNameOf(provider.name)
    properties: {
      value: providerKeys[provider.name]
    }
  }
]
