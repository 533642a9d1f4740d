metadata description = 'The storage account with everything that Parley keeps, and the package that the platform runs.'

import { tagsType } from 'types.bicep'
import { deploymentContainer, exportsContainer, filesContainer, poisonQueues, queues, tables } from 'names.bicep'

param name string
param location string
param tags tagsType

@description('Three copies in three zones instead of three copies in one.')
param zoneRedundant bool

@description('False closes the account to everything but its private endpoints.')
param publicAccess bool

@description('Days in which a deleted or overwritten blob can be restored.')
@minValue(1)
@maxValue(365)
param restoreDays int

@description('Days that the app keeps the file of an export.')
param exportKeepDays int

// The app removes the files of exports itself. The rule removes a file only if the app did not, a week later.
var exportBackstopDays = exportKeepDays + 7

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      deleteRetentionPolicy: {
        enabled: true
        days: restoreDays
      }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: restoreDays
      }
    }

    resource containers 'containers' = [
      for container in [deploymentContainer, exportsContainer, filesContainer]: {
        name: container
        properties: {
          publicAccess: 'None'
        }
      }
    ]
  }

  resource queueService 'queueServices' = {
    name: 'default'

    resource all 'queues' = [
      for queue in concat(queues, poisonQueues): {
        name: queue
      }
    ]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource all 'tables' = [
      for table in tables: {
        name: table
      }
    ]
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'exports-that-the-app-left'
            type: 'Lifecycle'
            definition: {
              filters: {
                blobTypes: ['blockBlob']
                prefixMatch: ['${exportsContainer}/']
              }
              actions: {
                baseBlob: {
                  delete: {
                    daysAfterCreationGreaterThan: exportBackstopDays
                  }
                }
              }
            }
          }
          {
            // Versioning keeps what the app deletes. Without this rule a deleted file would stay for ever. It has no
            // prefix, because published packages and the host's keys leave versions as well.
            name: 'old-versions'
            type: 'Lifecycle'
            definition: {
              filters: {
                blobTypes: ['blockBlob']
              }
              actions: {
                version: {
                  delete: {
                    daysAfterCreationGreaterThan: restoreDays
                  }
                }
              }
            }
          }
          {
            // The host writes the status of each timer at every tick: a version a minute that nobody restores.
            name: 'old-versions-of-the-host'
            type: 'Lifecycle'
            definition: {
              filters: {
                blobTypes: ['blockBlob']
                prefixMatch: ['azure-webjobs-hosts/']
              }
              actions: {
                version: {
                  delete: {
                    daysAfterCreationGreaterThan: 1
                  }
                }
              }
            }
          }
        ]
      }
    }
    dependsOn: [blobs]
  }
}

output id string = account.id
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output tableEndpoint string = account.properties.primaryEndpoints.table
output deploymentContainerUrl string = '${account.properties.primaryEndpoints.blob}${deploymentContainer}'
