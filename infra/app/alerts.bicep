metadata description = 'Alerts on the meters of src/Parley/Core/Telemetry.cs. Tests hold every name against the code.'

import { tagsType } from 'types.bicep'

param workspaceId string
param location string
param tags tagsType

@description('Empty: alerts are shown in the portal and sent to nobody.')
param email string

@description('Minutes without a run of the follow-up timer before an alert: a window that rules may have. 0: no alert.')
param followUpAlertMinutes int

var windowMinutes = 15

type alertType = {
  name: string
  title: string
  description: string
  @minValue(0)
  @maxValue(4)
  severity: int
  query: string
  operator: 'GreaterThan' | 'LessThan'
  threshold: int
  @description('The minutes that the query covers, if not windowMinutes. 0 switches the rule off.')
  minutes: int?
}

func durationOf(minutes int) string =>
  minutes < 60 ? 'PT${minutes}M' : minutes < 1440 ? 'PT${minutes / 60}H' : 'P${minutes / 1440}D'

func linesOf(lines string[]) string => join(lines, '\n| ')

@description('Counts the failures of kinds of work, which the log reports too.')
func failuresOf(kinds string[]) string =>
  linesOf([
    'AppMetrics'
    'where Name == "parley.work.failures" and tostring(Properties["parley.work"]) in ("${join(kinds, '", "')}")'
    'summarize Count = sum(Sum)'
  ])

// All queries return one row with the column Count. AppMetrics has a row for each instance, minute and combination of
// tags: Sum has a counter's increments or a gauge's value; ItemCount has how many values of a histogram there were.
var alerts alertType[] = [
  {
    name: 'poison-messages'
    title: 'Messages were given up'
    description: 'A queue message failed too often and is in a queue that nobody reads, or it was not one of Parley\'s.'
    severity: 1
    // A timer writes the gauge every five minutes. The alert stays until somebody has removed the messages.
    query: linesOf([
      'AppMetrics'
      'extend Work = tostring(Properties["parley.work"])'
      'where Name == "parley.queue.poison" or (Name == "parley.work.failures" and Work == "message.malformed")'
      'summarize Count = max(Sum)'
    ])
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'messages-wait'
    title: 'Queue messages wait'
    description: 'The messages of a queue waited for more than two minutes on average, in a quarter of an hour.'
    severity: 3
    query: linesOf([
      'AppMetrics'
      'where Name == "parley.queue.age"'
      'extend Queue = tostring(Properties["messaging.destination.name"])'
      'summarize Seconds = sum(Sum) / sum(ItemCount) by Queue'
      'summarize Count = max(Seconds)'
    ])
    operator: 'GreaterThan'
    threshold: 120
  }
  {
    name: 'follow-ups-late'
    title: 'Follow-ups are late'
    description: 'Follow-ups could not be read, queued or sent in time, more than twice in a quarter of an hour.'
    severity: 2
    query: failuresOf(['follow_up.late', 'follow_up.queue', 'follow_up.read', 'follow_up.send', 'follow_up.count'])
    operator: 'GreaterThan'
    threshold: 2
  }
  {
    name: 'follow-ups-failed'
    title: 'Follow-ups have failed'
    description: 'The last attempt at sending a follow-up failed. It is listed with the status failed.'
    severity: 1
    query: linesOf([
      'AppMetrics'
      'where Name == "parley.follow_up.failed" and tostring(Properties["parley.reason"]) == "delivery_failed"'
      'summarize Count = sum(Sum)'
    ])
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'follow-up-timer-silent'
    title: 'The timer of follow-ups does not run'
    description: 'No run of FollowUpsDue has succeeded for ${followUpAlertMinutes} minutes.'
    minutes: followUpAlertMinutes
    severity: 1
    // It fires too when nothing arrives because no instance starts, or none can send its meters.
    query: linesOf([
      'AppMetrics'
      'where Name == "parley.function.duration" and tostring(Properties["faas.name"]) == "FollowUpsDue"'
      'where isempty(tostring(Properties["error.type"]))'
      'summarize Count = sum(ItemCount)'
    ])
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'exports-failing'
    title: 'Exports are failing'
    description: 'The third attempt at the file of an export failed, or steps of exports fail again and again.'
    severity: 2
    // One export whose third attempt fails, or whose last one dies, is enough; of other failures three.
    query: linesOf([
      'AppMetrics'
      'extend Work = tostring(Properties["parley.work"])'
      'where Name == "parley.work.failures" and Work startswith "export."'
      'summarize Count = sum(iff(Work in ("export.file_last", "export.interrupted"), 3, 1) * Sum)'
    ])
    operator: 'GreaterThan'
    threshold: 2
  }
  {
    name: 'callbacks-given-up'
    title: 'Callbacks were given up'
    description: 'The last attempt at the callback of an export failed. A client can ask for it again.'
    severity: 3
    query: linesOf([
      'AppMetrics'
      'where Name == "parley.callback.attempts" and tostring(Properties["parley.outcome"]) == "exhausted"'
      'summarize Count = sum(Sum)'
    ])
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'replies-failing'
    title: 'Replies of chatbots fail'
    description: 'At least five replies failed in a quarter of an hour, or their processes died.'
    severity: 2
    query: failuresOf(['reply.provider', 'reply.prompt', 'reply.interrupted', 'reply.recover', 'reply.step'])
    operator: 'GreaterThan'
    threshold: 4
  }
  {
    name: 'server-errors'
    title: 'Requests fail'
    description: 'At least five requests, and more than 1 %, were answered with 5xx in 15 minutes.'
    severity: 1
    // Not the worker's meter http.server.request.duration: the Functions host sees what clients see, also when the
    // worker is dead. It writes a request for every call, with the status that was answered; other functions have 0
    // there. ItemCount is what a row stands for: Application Insights samples. Probes of the platform are left out.
    query: linesOf([
      'AppRequests'
      'where not(Name contains "/admin/host/")'
      'extend Status = toint(ResultCode)'
      'where Status >= 100'
      'summarize Failed = sumif(ItemCount, Status >= 500), Calls = sum(ItemCount)'
      'project Count = iff(Failed >= 5 and Failed * 100 > Calls, Failed, 0)'
    ])
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'storage-throttling'
    title: 'Storage throttles or does not answer'
    description: 'Storage failed five calls after three repetitions, or 20 attempts and more than 1 %, in 15 minutes.'
    severity: 2
    // Requests that failed are counted as work. Timers and queues have other names for theirs, so attempts are counted
    // too, each by itself: five calls are 20 attempts. 503 is ServerBusy, 500 OperationTimedOut; error.type: no answer.
    query: linesOf([
      'AppMetrics'
      'extend IsCall = Name == "parley.storage.call.duration", Work = tostring(Properties["parley.work"])'
      'where IsCall or (Name == "parley.work.failures" and Work == "storage")'
      'extend Status = tostring(Properties["http.response.status_code"]), Error = tostring(Properties["error.type"])'
      'extend IsBad = IsCall and (Status in ("500", "503") or isnotempty(Error))'
      'summarize GivenUp = sumif(Sum, not(IsCall)), Bad = sumif(ItemCount, IsBad), Calls = sumif(ItemCount, IsCall)'
      'project Count = iff(GivenUp >= 5 or (Bad >= 20 and Bad * 100 > Calls), GivenUp + Bad, 0)'
    ])
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'secrets-not-opened'
    title: 'Secrets cannot be opened'
    description: 'A stored secret is sealed with a key that the settings lack, or was changed.'
    severity: 1
    query: failuresOf(['secret.seal'])
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'tenants-not-erased'
    title: 'A deleted tenant is not erased'
    description: 'The deletion of a tenant does not end: storage refuses it, or something still writes for the tenant.'
    severity: 2
    query: failuresOf(['tenant.erase'])
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-parley'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'parley'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in alerts: {
    name: 'alert-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.title
      description: alert.description
      severity: alert.severity
      // Not left out: a deployment never deletes a rule that it does not name.
      enabled: alert.?minutes != 0
      autoMitigate: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: durationOf(max(alert.?minutes ?? windowMinutes, windowMinutes))
      // A workspace that was made a minute ago does not know its tables yet.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Total'
            metricMeasureColumn: 'Count'
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: empty(email) ? [] : [group.id]
      }
    }
  }
]
