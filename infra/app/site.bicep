metadata description = 'The plan and the app on it.'

import { tagsType } from 'types.bicep'
import { providerType, secretNameOf } from 'providers.bicep'
import { sealingNameOf } from 'sealing.bicep'

@export()
@description('How often each timer runs: six fields, from seconds to the day of the week, in UTC.')
type schedulesType = {
  @description('Queues the follow-ups that are due.')
  followUps: string
  @description('Continues exports and callbacks whose messages were lost.')
  exports: string
  @description('Ends replies whose process has died.')
  assistants: string
  @description('Removes old idempotency keys and files that no message holds.')
  housekeeping: string
  @description('Counts the messages that nobody processes any more.')
  watch: string
}

@export()
@description('Instances that run all the time for a group of functions: http, or function:NAME for a queue or a timer.')
type alwaysReadyType = {
  name: string
  @minValue(0)
  @maxValue(1000)
  instanceCount: int
}

param planName string
param name string
param location string
param tags tagsType
param zoneRedundant bool

param identityId string
param identityClientId string

param blobEndpoint string
param queueEndpoint string
param tableEndpoint string
param deploymentContainerUrl string

param vaultName string
param adminKeyName string
param insightsName string

@allowed([512, 2048, 4096])
param instanceMemoryMB int

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

param alwaysReady alwaysReadyType[]

@description('Requests that one instance serves at once. Null: the platform decides by the memory.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int?

param schedules schedulesType

@minValue(0)
@maxValue(1000000)
param historyTokens int

@allowed(['Due', 'Schedule'])
param scheduleTable string

param exportKeepDays int
param corsOrigins string
param telemetryTenants string
param publicOrigin string
param exportMaxRangeMonths int
param limits { *: string }

@description('The ids of the keys that seal secrets in tables. The first seals, all open.')
param sealingIds string[]

@allowed(['plain', 'sealed'])
param sealingMode string

param providers providerType[]

param issuers { *: string }[]

@description('The subnet that calls of the app leave through. Empty: the platform\'s own network.')
param subnetId string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

var secretUrl = 'https://${vaultName}${environment().suffixes.keyvaultDns}/secrets'

// Without a version, so that the platform takes a changed secret within a day.
func reference(url string, secret string) string => '@Microsoft.KeyVault(SecretUri=${url}/${secret})'

var settings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  AzureWebJobsStorage__tableServiceUri: tableEndpoint

  // Names the endpoint; with local authentication off it lets nobody in. The host and the app send with the identity.
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'

  FollowUpSchedule: schedules.followUps
  ExportSchedule: schedules.exports
  AssistantSchedule: schedules.assistants
  HousekeepingSchedule: schedules.housekeeping
  WatchSchedule: schedules.watch

  // The platform's own CORS feature stays off: it would answer preflight requests before the app.
  Cors__AllowedOrigins: corsOrigins
  Parley__PublicOrigin: publicOrigin

  Assistants__HistoryTokens: string(historyTokens)
  Exports__KeepDays: string(exportKeepDays)
  Exports__MaxRangeMonths: string(exportMaxRangeMonths)
  Parley__AdminKey: reference(secretUrl, adminKeyName)
  Schedule__Write: scheduleTable
  Secrets__Write: sealingMode
  Telemetry__Tenants: telemetryTenants
}

var providerSettings = [
  for provider in providers: {
    'Providers__${provider.name}__Type': 'openai'
    'Providers__${provider.name}__Endpoint': provider.endpoint
    'Providers__${provider.name}__Model': provider.model
    'Providers__${provider.name}__TimeoutSeconds': string(provider.?timeoutSeconds ?? 60)
    'Providers__${provider.name}__CountTokens': (provider.?countTokens ?? false) ? 'true' : 'false'
    'Providers__${provider.name}__Tenants': join(map(provider.?tenants ?? [], tenant => string(tenant)), ',')
    'Providers__${provider.name}__Key': reference(secretUrl, secretNameOf(provider.name))
  }
]

var limitSettings = toObject(items(limits), limit => 'Limits__${limit.key}', limit => limit.value)

var sealingSettings = [
  for (id, index) in sealingIds: {
    'Secrets__Keys__${index}__Id': id
    'Secrets__Keys__${index}__Key': reference(secretUrl, sealingNameOf(id))
  }
]

var issuerSettings = [
  for (issuer, index) in issuers: toObject(
    items(issuer),
    setting => 'Auth__Issuers__${index}__${setting.key}',
    setting => setting.value
  )
]

var allSettings = reduce(
  concat(providerSettings, sealingSettings, issuerSettings),
  union(settings, limitSettings),
  (all, one) => union(all, one)
)

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // azd publishes its service "api" to the site with this tag.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      appSettings: map(items(allSettings), setting => { name: setting.key, value: setting.value })
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: httpConcurrency == null
          ? null
          : {
              http: {
                perInstanceConcurrency: httpConcurrency
              }
            }
      }
    }
  }

  // Passwords for deployment; azd uses the deploying person's own token.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

output hostName string = site.properties.defaultHostName
output domainVerificationId string = site.properties.customDomainVerificationId
