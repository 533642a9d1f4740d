metadata description = 'Alerts. Each names the log lines that its query counts; a test compares them with the code.'

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

// All queries return one row with the column Count. ItemCount is what a row stands for: Application Insights samples.
var alerts alertType[] = [
  {
    name: 'poison-messages'
    title: 'Messages were given up'
    description: 'A queue message failed too often and is in a queue that nobody reads, or it was not one of Parley\'s.'
    severity: 1
    // Functions host: Message has reached MaxDequeueCount of 5. Moving message to queue 'follow-ups-poison'.
    // 2102: A message of the queue {Queue} is not one of Parley's; it is dropped.
    query: '''
      AppTraces
      | where Message startswith "Message has reached MaxDequeueCount of"
          or Message endswith "is not one of Parley's; it is dropped."
      | summarize Count = sum(ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'follow-ups-late'
    title: 'Follow-ups are late'
    description: 'Follow-ups could not be read, queued or sent in time, more than twice in a quarter of an hour.'
    severity: 2
    // 2101: Queued {Count} follow-ups, late.
    // 1103: {Count} follow-ups due at {Minute}, from {First} on, could not be queued; the next tick tries again.
    // 1104: Follow-ups of {Conversation} could not be read; they are tried again.
    // 1105: Follow-up {FollowUp} could not be sent (attempt {Attempt} of {MaxAttempts}).
    // 1106: A failed attempt to send follow-up {FollowUp} could not be counted; it is tried again.
    query: '''
      AppTraces
      | where (Message startswith "Queued " and Message endswith " follow-ups, late.")
          or Message endswith "could not be queued; the next tick tries again."
          or (Message startswith "Follow-ups of " and Message endswith "could not be read; they are tried again.")
          or (Message startswith "Follow-up " and Message contains "could not be sent (attempt ")
          or (Message startswith "A failed attempt to send follow-up " and Message endswith "it is tried again.")
      | summarize Count = sum(ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 2
  }
  {
    name: 'follow-ups-failed'
    title: 'Follow-ups have failed'
    description: 'The last attempt at sending a follow-up failed. It is listed with the status failed.'
    severity: 1
    // 1105: Follow-up {FollowUp} could not be sent (attempt {Attempt} of {MaxAttempts}).
    query: '''
      AppTraces
      | parse Message with "Follow-up " * " could not be sent (attempt " Attempt:int " of " MaxAttempts:int ")."
      | where Attempt >= MaxAttempts
      | summarize Count = sum(ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'follow-up-timer-silent'
    title: 'The timer of follow-ups does not run'
    description: 'No run of FollowUpsDue has succeeded for ${followUpAlertMinutes} minutes.'
    minutes: followUpAlertMinutes
    severity: 1
    // Functions host: a request for every run of a function, with its name. A timer that never starts logs nothing.
    query: '''
      AppRequests
      | where OperationName == "FollowUpsDue" and Success
      | summarize Count = count()
    '''
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'exports-failing'
    title: 'Exports are failing'
    description: 'The third attempt at the file of an export failed, or steps of exports fail again and again.'
    severity: 2
    // 1305: Attempt {Attempt} of {MaxAttempts} at the file of export {Export} failed.
    // 1307: {Partition} / {Row} of the schedule could not be processed; the next tick tries again.
    // 1309: The lease of export {Export} could not be renewed and is abandoned.
    // 1311: Attempt {Attempt} of {MaxAttempts} at the file of export {Export} ended without a result, like those before it; the export has failed.
    // 2105: {Step} failed; the timer queues it again.
    query: '''
      AppTraces
      | where (Message contains " at the file of export " and Message endswith " failed.")
          or Message endswith "of the schedule could not be processed; the next tick tries again."
          or (Message startswith "The lease of export " and Message endswith "could not be renewed and is abandoned.")
          or Message endswith " failed; the timer queues it again."
      | parse Message with "Attempt " Attempt:int " of " * " at the file of export " *
      | summarize Count = sum(iff(Attempt >= 3, 3, 1) * ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 2
  }
  {
    name: 'callbacks-given-up'
    title: 'Callbacks were given up'
    description: 'The last attempt at the callback of an export failed. A client can ask for it again.'
    severity: 3
    // 1306: Attempt {Attempt} at the callback of export {Export}: {Result}, so Exhausted.
    query: '''
      AppTraces
      | where Message startswith "Attempt " and Message contains " at the callback of export "
          and Message endswith ", so Exhausted."
      | summarize Count = sum(ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'replies-failing'
    title: 'Replies of chatbots fail'
    description: 'At least five replies failed in a quarter of an hour, or their processes died.'
    severity: 2
    // 1402: The provider of chatbot {Chatbot} failed at completion {Completion}: {Error}
    // 1403: The prompt of completion {Completion} could not be read.
    // 2106: Ended {Count} completions whose process had died{Late}.
    // 2108: {Reply} could not be produced; the timer recovers it.
    query: '''
      AppTraces
      | where (Message startswith "The provider of chatbot " and Message contains " failed at completion ")
          or (Message startswith "The prompt of completion " and Message endswith " could not be read.")
          or (Message startswith "Ended " and Message contains " completions whose process had died")
          or Message endswith " could not be produced; the timer recovers it."
      | parse Message with "Ended " Ended:int " completions whose process had died" *
      | summarize Count = sum(iff(isnull(Ended), 1, Ended) * ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 4
  }
  {
    name: 'server-errors'
    title: 'Requests fail'
    description: 'At least five requests, and more than 1 %, were answered with 5xx in 15 minutes.'
    severity: 1
    // Functions host: a request for every call, with the status that was answered; functions without HTTP have 0 there.
    // 2001 and 2002 have the cause: {Method} {Path} failed (trace {TraceId}).
    query: '''
      AppRequests
      | extend Status = toint(ResultCode)
      | where Status >= 100
      | summarize Failed = sumif(ItemCount, Status >= 500), Calls = sum(ItemCount)
      | project Count = iff(Failed >= 5 and Failed * 100 > Calls, Failed, 0)
    '''
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'storage-throttling'
    title: 'Storage throttles or does not answer'
    description: 'Storage refused or failed at least five calls, each after three repetitions, in a quarter of an hour.'
    severity: 2
    // 2002: {Method} {Path}: storage does not answer (trace {TraceId}).
    // Exceptions of Azure.Core: ErrorCode: ServerBusy and ErrorCode: OperationTimedOut, with 503 and 500.
    query: '''
      union
        (AppTraces | where Message contains ": storage does not answer (trace " | project ItemCount),
        (AppExceptions
        | where OuterMessage has_any ("ServerBusy", "OperationTimedOut")
            or InnermostMessage has_any ("ServerBusy", "OperationTimedOut")
        | project ItemCount)
      | summarize Count = sum(ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 4
  }
  {
    name: 'secrets-not-opened'
    title: 'Secrets cannot be opened'
    description: 'A stored secret is sealed with a key that the settings lack, or was changed.'
    severity: 1
    // 1512: The secret of {Owner} cannot be sealed again: {Reason}
    query: '''
      AppTraces
      | where Message startswith "The secret of " and Message contains " cannot be sealed again: "
      | summarize Count = sum(ItemCount)
    '''
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'tenants-not-erased'
    title: 'A deleted tenant is not erased'
    description: 'The deletion of a tenant does not end: storage refuses it, or something still writes for the tenant.'
    severity: 2
    // 1603: Pass {Pass} through the data of the deleted tenant {Tenant} has found {Count} rows and blobs: something still writes for it.
    // 1604: Pass {Pass} through the data of the deleted tenant {Tenant} has not ended for a day.
    query: '''
      AppTraces
      | where Message startswith "Pass " and Message contains " through the data of the deleted tenant "
      | summarize Count = sum(ItemCount)
    '''
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
