using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Conversations.FollowUps;
using Parley.DevHost.Common;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Infrastructure;

/// <summary>
/// Holds every name of a meter, of a tag and of a tag's value in alerts, workbook and documentation against the code.
/// The tests record values, so none that counts values runs at the same time.
/// </summary>
[Collection(nameof(MeterNameTests))]
[CollectionDefinition(nameof(MeterNameTests), DisableParallelization = true)]
public class MeterNameTests
{
    private static readonly IReadOnlyDictionary<string, MeterFacts> All = Meters.Record();

    private static readonly JsonElement Workbook = JsonDocument
        .Parse(GoldenFiles.Everything.The("Microsoft.Insights/workbooks")["serializedData"].GetString()!).RootElement;

    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));

    public static TheoryData<string> Titles => [.. Queries.Keys];

    private static Dictionary<string, string> Queries => AlertQueries().Concat(PanelQueries())
        .ToDictionary(one => one.Title, one => one.Query);

    [Theory]
    [MemberData(nameof(Titles))]
    public void A_query_names_meters_and_tags_that_exist(string title)
    {
        var query = Parse(Queries[title]);
        var isOfMeters = query.Table == "AppMetrics";

        Assert.Equal(isOfMeters, query.Meters.Any());
        Assert.All(query.Meters, meter => Assert.True(All.ContainsKey(meter), $"{title}: {meter} is no meter."));
        var tags = query.Meters.SelectMany(meter => All[meter].Tags).ToHashSet();
        Assert.All(query.Tags, tag => Assert.True(tags.Contains(tag), $"{title}: no meter in it has the tag {tag}."));
        if (isOfMeters)
        {
            var known = query.Tags.SelectMany(Values).ToList();
            Assert.All(query.Values, value =>
                Assert.True(known.Exists(one => Names(value, one)), $"{title}: no tag in it has the value {value}."));
        }
    }

    [Fact]
    public void Every_kind_of_work_that_can_fail_has_an_alert()
    {
        var named = AlertQueries().SelectMany(alert => Parse(alert.Query).Values).ToList();

        Assert.NotEmpty(Meters.Work);
        Assert.All(Meters.Work, work =>
            Assert.True(named.Exists(value => Names(value, work)), $"No alert counts {work}."));
    }

    [Fact]
    public void The_workbook_shows_every_meter()
    {
        var shown = PanelQueries().SelectMany(panel => Parse(panel.Query).Meters);

        Assert.Empty(All.Keys.Except(shown));
    }

    [Fact]
    public void The_panels_of_the_workbook_follow_the_time_range_and_return_rows()
    {
        var panels = Panels().ToList();
        var names = panels.Select(panel => panel.GetProperty("name").GetString()).ToList();
        Assert.Equal(names.Distinct(), names);
        var range = Workbook.GetProperty("items")[0].GetProperty("content").GetProperty("parameters")[0];
        var time = range.GetProperty("name");

        Assert.All(panels, panel =>
        {
            var content = panel.GetProperty("content");
            Assert.Equal(time.GetString(), content.GetProperty("timeContextFromParameter").GetString());
            var query = Parse(content.GetProperty("query").GetString()!);
            Assert.NotEmpty(query.Run(Rows(query)));
        });
    }

    [Fact]
    public void The_table_of_meters_is_that_of_the_code()
    {
        const string Row = @"^\| `([a-z_.]+)` \| `([^`]*)` \| ([^|]*) \| \S[^|]* \|$";
        var rows = Regex.Matches(Page, Row, RegexOptions.Multiline)
            .Select(row => $"{row.Groups[1].Value}: {row.Groups[2].Value}{TagsIn(row.Groups[3].Value)}");

        Assert.Equal(
            All.Select(meter => $"{meter.Key}: {meter.Value.Unit}{Sorted(meter.Value.Tags)}")
                .Order(StringComparer.Ordinal),
            rows.Order(StringComparer.Ordinal));

        static string TagsIn(string cell) =>
            Sorted(Regex.Matches(cell, "`([^`]+)`").Select(tag => tag.Groups[1].Value));
        static string Sorted(IEnumerable<string> tags) =>
            string.Concat(tags.Order(StringComparer.Ordinal).Select(tag => $" {tag}"));
    }

    [Fact]
    public void The_table_of_kinds_of_work_is_that_of_the_code()
    {
        var table = Regex.Match(Page, @"\n\| `parley\.work` \|[^\n]*\n\|[-|]*\n(.*?)\n\n", RegexOptions.Singleline);
        var kinds = Regex.Matches(table.Groups[1].Value, @"^\| `([a-z_.]+)` \|", RegexOptions.Multiline)
            .Select(row => row.Groups[1].Value);

        Assert.Equal(Meters.Work.Order(StringComparer.Ordinal), kinds.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<(string Title, string Query)> AlertQueries() =>
        GoldenFiles.Everything.All("Microsoft.Insights/scheduledQueryRules")
            .Select(rule => (rule.Name, rule["criteria", "allOf"][0].GetProperty("query").GetString()!));

    private static IEnumerable<(string Title, string Query)> PanelQueries() =>
        Panels().Select(panel => (
                panel.GetProperty("name").GetString()!,
                panel.GetProperty("content").GetProperty("query").GetString()!));

    private static IEnumerable<JsonElement> Panels() =>
        Workbook.GetProperty("items").EnumerateArray().Where(item => item.GetProperty("type").GetInt32() == 3);

    /// <summary>The workbook puts the length of a step in place of the text in braces.</summary>
    private static KustoQuery Parse(string text) =>
        new(text.Replace("{TimeRange:grain}", "5m", StringComparison.Ordinal));

    private static IEnumerable<IReadOnlyDictionary<string, object?>> Rows(KustoQuery query) =>
        query.Table == "AppRequests"
            ? [TelemetryRows.Requests(200, 3), TelemetryRows.Requests(503, 1)]
            : query.Meters.Select(meter =>
                TelemetryRows.Metric(meter, 3, 3, [.. All[meter].Tags.Select(tag => (tag, "500"))]));

    /// <summary>True when the text of a query is a tag's value, or its beginning such as "export.".</summary>
    private static bool Names(string text, string value) =>
        text == value || (text.EndsWith('.') && value.StartsWith(text, StringComparison.Ordinal));

    private static IEnumerable<string> Values(string tag) => tag switch
    {
        "parley.work" => Meters.Work,
        "parley.outcome" => Enum.GetNames<WebhookVerdict>().Select(verdict => verdict.ToLowerInvariant()),
        "parley.reason" => [FollowUpReasons.DeliveryFailed],
        "faas.name" => DeployedApp.Functions,
        "http.response.status_code" => ["500", "503"],
        _ => [],
    };
}
