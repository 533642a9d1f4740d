metadata description = 'The workbook of the meters. docs/operations.md says which panel to look at first.'

import { tagsType } from 'types.bicep'

param workspaceName string
param location string
param tags tagsType

type panelType = {
  title: string
  query: string
  @description('How the rows are shown.')
  form: 'timechart' | 'table'
}

type sectionType = {
  title: string
  panels: panelType[]
}

// The workbook replaces it with the length of a step, which follows the chosen time range.
var step = '{TimeRange:grain}'

func linesOf(lines string[]) string => join(lines, '\n| ')

func tagOf(tag string) string => 'Tag = tostring(Properties["${tag}"])'

@description('A chart of a meter over time, with a line for each value of a tag. Empty tag: one line.')
func chart(title string, meter string, value string, tag string, step string) panelType => {
  title: title
  form: 'timechart'
  query: linesOf([
    'AppMetrics'
    'where Name == "${meter}"'
    'summarize Value = ${value} by bin(TimeGenerated, ${step})${empty(tag) ? '' : ', ${tagOf(tag)}'}'
  ])
}

@description('A chart of those values of a meter that have an error, by its kind.')
func errors(title string, meter string, step string) panelType => {
  title: title
  form: 'timechart'
  query: linesOf([
    'AppMetrics'
    'where Name == "${meter}" and isnotempty(tostring(Properties["error.type"]))'
    'summarize Value = sum(ItemCount) by bin(TimeGenerated, ${step}), ${tagOf('error.type')}'
  ])
}

@description('The host has a meter of the same name, without routes.')
func requests(title string, value string, tag string, step string) panelType => {
  title: title
  form: 'timechart'
  query: linesOf([
    'AppMetrics'
    'where Name == "http.server.request.duration" and isnotempty(tostring(Properties["http.route"]))'
    'summarize Value = ${value} by bin(TimeGenerated, ${step}), ${tagOf(tag)}'
  ])
}

// AppMetrics has no buckets of a histogram, so only requests have percentiles; others have a mean or a maximum.
var mean = 'sum(Sum) / sum(ItemCount)'

var sections sectionType[] = [
  {
    title: 'Requests'
    panels: [
      requests('Requests, by status', 'sum(ItemCount)', 'http.response.status_code', step)
      requests('Mean seconds, by route', mean, 'http.route', step)
      requests('Requests, by tenant', 'sum(ItemCount)', 'parley.tenant', step)
      {
        title: 'As clients see them: calls, 95th percentile in ms, answers with 5xx'
        form: 'table'
        query: linesOf([
          'AppRequests'
          'extend Status = toint(ResultCode)'
          'where Status >= 100 and not(Name contains "/admin/host/")'
          'extend Failed = iff(Status >= 500, ItemCount, 0)'
          'summarize Calls = sum(ItemCount), P95 = percentilew(DurationMs, ItemCount, 95), Failed = sum(Failed) by Name'
          'order by Failed desc, P95 desc'
        ])
      }
      {
        title: 'Replies that are being streamed'
        form: 'timechart'
        // Each instance reports how many it streams, so those of one step are added.
        query: linesOf([
          'AppMetrics'
          'where Name == "parley.streams.open"'
          'summarize Streams = max(Sum) by Time = bin(TimeGenerated, ${step}), AppRoleInstance'
          'summarize Value = sum(Streams) by Time'
        ])
      }
    ]
  }
  {
    title: 'Failures of timers and queues'
    panels: [
      chart('Failures, by kind of work', 'parley.work.failures', 'sum(Sum)', 'parley.work', step)
      errors('Failed runs, by error', 'parley.function.duration', step)
      chart('Mean seconds of a run, by function', 'parley.function.duration', mean, 'faas.name', step)
    ]
  }
  {
    title: 'Queues'
    panels: [
      chart('Mean age of messages in seconds, by queue', 'parley.queue.age', mean, 'messaging.destination.name', step)
      chart('Messages given up, by queue', 'parley.queue.poison', 'max(Sum)', 'messaging.destination.name', step)
    ]
  }
  {
    title: 'Follow-ups'
    panels: [
      chart('Sent', 'parley.follow_up.sent', 'sum(Sum)', '', step)
      chart('Longest lag in seconds', 'parley.follow_up.lag', 'max(Max)', '', step)
      chart('Not sent, by reason', 'parley.follow_up.cancelled', 'sum(Sum)', 'parley.reason', step)
      chart('Failed, by reason', 'parley.follow_up.failed', 'sum(Sum)', 'parley.reason', step)
    ]
  }
  {
    title: 'Exports and callbacks'
    panels: [
      chart('Rows, by format', 'parley.export.rows', 'sum(Sum)', 'parley.export.format', step)
      chart('Mean seconds, by format', 'parley.export.duration', mean, 'parley.export.format', step)
      chart('Attempts at files, by outcome', 'parley.export.attempts', 'sum(Sum)', 'parley.outcome', step)
      chart('Attempts at callbacks, by outcome', 'parley.callback.attempts', 'sum(Sum)', 'parley.outcome', step)
    ]
  }
  {
    title: 'Providers'
    panels: [
      chart('Mean seconds of a reply, by model', 'gen_ai.client.operation.duration', mean, 'gen_ai.request.model', step)
      chart(
        'Mean seconds to the first text, by model',
        'gen_ai.client.operation.time_to_first_chunk',
        mean,
        'gen_ai.request.model',
        step
      )
      chart('Tokens, by type', 'gen_ai.client.token.usage', 'sum(Sum)', 'gen_ai.token.type', step)
      errors('Failed calls, by error', 'gen_ai.client.operation.duration', step)
    ]
  }
  {
    title: 'Storage'
    panels: [
      chart('Calls, by service', 'parley.storage.call.duration', 'sum(ItemCount)', 'parley.storage.service', step)
      chart('Mean seconds, by service', 'parley.storage.call.duration', mean, 'parley.storage.service', step)
      chart('Repetitions, by service', 'parley.storage.retries', 'sum(Sum)', 'parley.storage.service', step)
      {
        title: 'Refused and unanswered calls, by status'
        form: 'timechart'
        query: linesOf([
          'AppMetrics'
          'where Name == "parley.storage.call.duration"'
          'extend Status = tostring(Properties["http.response.status_code"])'
          'extend Error = tostring(Properties["error.type"])'
          'where toint(Status) >= 500 or isnotempty(Error)'
          'summarize Value = sum(ItemCount) by bin(TimeGenerated, ${step}), Tag = iff(isempty(Error), Status, Error)'
        ])
      }
    ]
  }
]

var timeRange = {
  type: 9
  name: 'time range'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    parameters: [
      {
        id: guid('parley', 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4
        isRequired: true
        value: {
          durationMs: 14400000
        }
        typeSettings: {
          selectableValues: map([1, 4, 24, 72, 168, 720], hours => { durationMs: hours * 3600000 })
          allowCustom: true
        }
      }
    ]
  }
}

// Two panels stand beside each other.
var items = flatten(map(
  sections,
  section =>
    concat(
      [{ type: 1, name: section.title, content: { json: '## ${section.title}' } }],
      map(section.panels, panel => {
        type: 3
        name: '${section.title}: ${panel.title}'
        customWidth: '50'
        content: {
          version: 'KqlItem/1.0'
          title: panel.title
          query: panel.query
          visualization: panel.form
          size: 0
          queryType: 0
          resourceType: 'microsoft.operationalinsights/workspaces'
          timeContextFromParameter: 'TimeRange'
        }
      })
    )
))

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // A name that is no GUID is refused.
  name: guid(resourceGroup().id, 'parley')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Parley'
    category: 'workbook'
    sourceId: workspace.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([timeRange], items)
      fallbackResourceIds: [workspace.id]
    })
  }
}
