metadata description = 'Parley on Azure Functions, Flex Consumption. docs/operations.md describes the parameters.'

targetScope = 'subscription'

import { providerType, validProviders } from 'app/providers.bicep'
import { alwaysReadyType, schedulesType } from 'app/site.bicep'

@minLength(1)
@maxLength(64)
@description('Names the resource group, and with the subscription and the region all resources in it.')
param environmentName string

@minLength(1)
@description('The region. Flex Consumption and the memory size must be available there.')
param location string

@description('The object id of the deploying person, who may then read the admin key. Empty: nobody may.')
param principalId string = ''

@allowed(['Group', 'ServicePrincipal', 'User'])
@description('What principalId is.')
param principalType string = 'User'

@allowed([512, 2048, 4096])
@description('Memory of an instance.')
param instanceMemoryMB int = 2048

@minValue(40)
@maxValue(1000)
@description('The most instances. HTTP functions share them; every queue and every timer scales alone.')
param maximumInstanceCount int = 100

@description('Instances that are never scaled in, by group: http or function:NAME. They cost the same idle or busy.')
param alwaysReady alwaysReadyType[] = []

@minValue(1)
@maxValue(1000)
@description('Requests that one instance serves at once. Null: the platform decides by the memory.')
param httpConcurrency int?

@description('The plan over several zones of the region, and storage with a copy in each of three.')
param zoneRedundant bool = false

@description('When each timer runs, in UTC: second, minute, hour, day, month, day of the week.')
param schedules schedulesType = {
  followUps: '0 * * * * *'
  exports: '30 * * * * *'
  assistants: '15 * * * * *'
  housekeeping: '0 */15 * * * *'
  watch: '45 */5 * * * *'
}

@secure()
@description('The admin key. Empty: one is generated at the first deployment and kept in the vault.')
param adminKey string = ''

@secure()
@description('Leave it at its default, which is another text at every deployment.')
param generatedAdminKey string = '${newGuid()}-${newGuid()}'

@maxLength(16)
@description('The ids of the keys that seal secrets in tables. The first seals, all open. None: they are plain text.')
param sealingIds string[] = ['k1']

@secure()
@description('Leave it at its default, which is another text at every deployment.')
param generatedSealingKey string = '${newGuid()}-${newGuid()}'

@allowed(['plain', 'sealed'])
@description('How secrets are written. Plain while instances of a version before 0.3.0 may run.')
param sealingMode string = 'sealed'

@description('Providers of chat completions.')
param providers providerType[] = []

@secure()
@description('The keys of the providers, by name. A provider that is not among them keeps the key that the vault has.')
param providerKeys { *: string } = {}

@minValue(0)
@maxValue(1000000)
@description('Tokens of a conversation\'s history that a provider is sent.')
param historyTokens int = 8000

@allowed(['Due', 'Schedule'])
@description('The table that due work is written to. Due while instances of a version before 0.2.0 may run.')
param scheduleTable string = 'Schedule'

@minValue(2)
@maxValue(365)
@description('Days that the file of an export is kept.')
param exportKeepDays int = 7

@description('Origins whose pages may call the API from a browser, separated by commas, or *. Empty: none.')
param corsOrigins string = ''

@description('The origin of links in answers, if a gateway stands before the app. Empty: that of each request.')
param publicOrigin string = ''

@minValue(0)
@maxValue(120)
@description('The longest range of an export in calendar months. 0 is no limit.')
param exportMaxRangeMonths int = 0

@description('Limits of tenants and keys: values by the names of app settings without Limits__.')
param limits { *: string } = {}

@maxLength(20)
@description('Issuers of access tokens: values by the names of app settings without Auth__Issuers__N__.')
param issuers { *: string }[] = []

@minValue(1)
@maxValue(365)
@description('Days in which a deleted or overwritten blob can be restored, and for which its old versions stay.')
param restoreDays int = 7

@minValue(30)
@maxValue(730)
@description('Days that logs are kept.')
param logRetentionDays int = 30

@description('Numbers of tenants, separated by commas, whose requests are counted by tenant. Empty: none.')
param telemetryTenants string = ''

@description('Where alerts are sent. Empty: they are shown in the portal only.')
param alertEmail string = ''

@allowed([0, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440])
@description('Minutes without a run of the follow-up timer before an alert; longer than its schedule. 0: no alert.')
param followUpAlertMinutes int = 15

@description('A network of its own. Storage has no public address then; links to files work in the network only.')
param privateNetwork bool = false

@description('The addresses of that network: a /24 or larger.')
param networkAddressPrefix string = '10.40.0.0/24'

@description('A name of your own, whose CNAME and TXT records exist already. Empty: none.')
param customDomain string = ''

var token = uniqueString(subscription().id, environmentName, location)
// Known before anything is deployed, so that what-if can predict everything.
var identityName = 'id-${token}'
var storageName = 'st${token}'
var vaultName = 'kv-${token}'
var workspaceName = 'log-${token}'
var insightsName = 'appi-${token}'
var siteName = 'func-${token}'
var adminKeyName = 'admin-key'
var checkedProviders = validProviders(providers)
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: {
    name: identityName
    location: location
    tags: tags
  }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: workspaceName
    insightsName: insightsName
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module storage 'app/storage.bicep' = {
  scope: group
  params: {
    name: storageName
    location: location
    tags: tags
    zoneRedundant: zoneRedundant
    publicAccess: !privateNetwork
    restoreDays: restoreDays
    exportKeepDays: exportKeepDays
  }
}

module vault 'app/vault.bicep' = {
  scope: group
  params: {
    name: vaultName
    location: location
    tags: tags
    adminKeyName: adminKeyName
    adminKey: adminKey
    generatedAdminKey: generatedAdminKey
    sealingIds: sealingIds
    generatedSealingKey: generatedSealingKey
    providers: checkedProviders
    providerKeys: providerKeys
  }
}

module roles 'app/roles.bicep' = {
  scope: group
  params: {
    storageName: storageName
    vaultName: vaultName
    insightsName: insightsName
    appName: identityName
    appPrincipalId: identity.outputs.principalId
    principalId: principalId
    principalType: principalType
  }
  dependsOn: [storage, vault, monitoring]
}

module network 'app/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
    storageName: storageName
    storageId: storage.outputs.id
    addressPrefix: networkAddressPrefix
  }
}

module site 'app/site.bicep' = {
  scope: group
  params: {
    planName: 'plan-${token}'
    name: siteName
    location: location
    tags: tags
    zoneRedundant: zoneRedundant
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    vaultName: vaultName
    adminKeyName: adminKeyName
    insightsName: insightsName
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    httpConcurrency: httpConcurrency
    schedules: schedules
    historyTokens: historyTokens
    scheduleTable: scheduleTable
    exportKeepDays: exportKeepDays
    corsOrigins: corsOrigins
    telemetryTenants: telemetryTenants
    publicOrigin: publicOrigin
    exportMaxRangeMonths: exportMaxRangeMonths
    limits: limits
    sealingIds: sealingIds
    sealingMode: sealingMode
    providers: checkedProviders
    issuers: issuers
    subnetId: network.?outputs.appSubnetId ?? ''
  }
  // The app reads storage and the vault when it starts.
  dependsOn: [roles, vault]
}

module domain 'app/domain.bicep' = if (!empty(customDomain)) {
  scope: group
  params: {
    siteName: siteName
    location: location
    domain: customDomain
  }
  dependsOn: [site]
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
    email: alertEmail
    followUpAlertMinutes: followUpAlertMinutes
  }
}

module workbook 'app/workbook.bicep' = {
  scope: group
  params: {
    workspaceName: workspaceName
    location: location
    tags: tags
  }
  dependsOn: [monitoring]
}

// azd keeps outputs in its environment, in plain text.
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_API_NAME string = siteName
output PARLEY_URL string = 'https://${empty(customDomain) ? site.outputs.hostName : customDomain}/api/v1'
output PARLEY_VAULT string = vaultName
// ./dev backup and ./dev restore take it as AzureWebJobsStorage__accountName.
output PARLEY_STORAGE string = storageName
output PARLEY_ADMIN_KEY_SECRET string = adminKeyName
// What the DNS records of a domain of your own say: a CNAME, and a TXT for the name with asuid. before it.
output PARLEY_HOST_NAME string = site.outputs.hostName
output PARLEY_DOMAIN_VERIFICATION_ID string = site.outputs.domainVerificationId
