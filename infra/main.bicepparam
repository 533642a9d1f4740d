// azd passes its environment: azd env set NAME VALUE. docs/operations.md describes every name.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'parley')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param principalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param principalType = readEnvironmentVariable('AZURE_PRINCIPAL_TYPE', 'User')

param instanceMemoryMB = json(readEnvironmentVariable('PARLEY_MEMORY_MB', '2048'))
param maximumInstanceCount = int(readEnvironmentVariable('PARLEY_MAXIMUM_INSTANCES', '100'))
param alwaysReady = json(readEnvironmentVariable('PARLEY_ALWAYS_READY', '[]'))
param httpConcurrency = json(readEnvironmentVariable('PARLEY_HTTP_CONCURRENCY', 'null'))
param zoneRedundant = bool(readEnvironmentVariable('PARLEY_ZONE_REDUNDANT', 'false'))

param schedules = {
  followUps: readEnvironmentVariable('PARLEY_FOLLOW_UP_SCHEDULE', '0 * * * * *')
  exports: readEnvironmentVariable('PARLEY_EXPORT_SCHEDULE', '30 * * * * *')
  assistants: readEnvironmentVariable('PARLEY_ASSISTANT_SCHEDULE', '15 * * * * *')
  housekeeping: readEnvironmentVariable('PARLEY_HOUSEKEEPING_SCHEDULE', '0 */15 * * * *')
  watch: readEnvironmentVariable('PARLEY_WATCH_SCHEDULE', '45 */5 * * * *')
}

param adminKey = readEnvironmentVariable('PARLEY_ADMIN_KEY', '')
param sealingIds = json(readEnvironmentVariable('PARLEY_SEALING_IDS', '["k1"]'))
param sealingMode = readEnvironmentVariable('PARLEY_SEALING_MODE', 'sealed')
param providers = json(readEnvironmentVariable('PARLEY_PROVIDERS', '[]'))
param providerKeys = json(readEnvironmentVariable('PARLEY_PROVIDER_KEYS', '{}'))
param historyTokens = int(readEnvironmentVariable('PARLEY_HISTORY_TOKENS', '8000'))
param scheduleTable = readEnvironmentVariable('PARLEY_SCHEDULE_TABLE', 'Schedule')
param exportKeepDays = int(readEnvironmentVariable('PARLEY_EXPORT_KEEP_DAYS', '7'))
param corsOrigins = readEnvironmentVariable('PARLEY_CORS_ORIGINS', '')
param publicOrigin = readEnvironmentVariable('PARLEY_PUBLIC_ORIGIN', '')
param exportMaxRangeMonths = int(readEnvironmentVariable('PARLEY_EXPORT_MAX_RANGE_MONTHS', '0'))

param issuers = json(readEnvironmentVariable('PARLEY_ISSUERS', '[]'))
param limits = json(readEnvironmentVariable('PARLEY_LIMITS', '{}'))

param restoreDays = int(readEnvironmentVariable('PARLEY_RESTORE_DAYS', '7'))
param logRetentionDays = int(readEnvironmentVariable('PARLEY_LOG_DAYS', '30'))
param telemetryTenants = readEnvironmentVariable('PARLEY_TELEMETRY_TENANTS', '')
param alertEmail = readEnvironmentVariable('PARLEY_ALERT_EMAIL', '')
param followUpAlertMinutes = json(readEnvironmentVariable('PARLEY_FOLLOW_UP_ALERT_MINUTES', '15'))

param privateNetwork = bool(readEnvironmentVariable('PARLEY_PRIVATE_NETWORK', 'false'))
param networkAddressPrefix = readEnvironmentVariable('PARLEY_NETWORK', '10.40.0.0/24')
param customDomain = readEnvironmentVariable('PARLEY_DOMAIN', '')
