using System.Text.Json;
using Parley.DevHost.Common;
using Xunit;
using static Parley.Tests.Infrastructure.TelemetryRows;
using Row = System.Collections.Generic.IReadOnlyDictionary<string, object?>;

namespace Parley.Tests.Infrastructure;

public class AlertTests
{
    private const string Silent = "follow-up-timer-silent";
    private const string Calls = "parley.storage.call.duration";
    private const string Age = "parley.queue.age";
    private const string Queue = "messaging.destination.name";
    private const string Status = "http.response.status_code";

    private static readonly Dictionary<string, Resource> Rules =
        GoldenFiles.Everything.All("Microsoft.Insights/scheduledQueryRules")
        .ToDictionary(rule => rule.Name["alert-".Length..]);

    /// <summary>What a good quarter of an hour leaves behind: single failures, and everything that succeeded.</summary>
    private static readonly Row[] Good =
    [
        Requests(200, 2000),
        Requests(404, 100),
        Requests(0, 30, "FollowUpsDue"),
        Requests(503, 4),
        Requests(503, 50, "GET /admin/host/ping"),
        Metric("parley.function.duration", 3, 15, ("faas.name", "FollowUpsDue"), ("faas.trigger", "timer")),
        Metric("parley.function.duration", 3, 2, ("faas.name", "ExportsBuild"), ("error.type", "System.IO.IOException")),
        Metric(Calls, 40, 2000, ("parley.storage.service", "table"), (Status, "200")),
        Metric(Calls, 1, 400, ("parley.storage.service", "table"), (Status, "404")),
        Metric(Calls, 1, 19, ("parley.storage.service", "table"), (Status, "503")),
        Metric("parley.storage.retries", 19, 1, ("parley.storage.service", "table")),
        Metric("parley.follow_up.sent", 200, 1),
        Metric("parley.follow_up.lag", 200, 200),
        Metric("parley.follow_up.cancelled", 20, 1, ("parley.reason", "customer_replied")),
        Metric("parley.export.attempts", 7, 1, ("parley.outcome", "completed")),
        Metric("parley.export.attempts", 1, 1, ("parley.outcome", "failed")),
        Metric("parley.callback.attempts", 7, 1, ("parley.outcome", "delivered"), (Status, "200")),
        Metric("parley.callback.attempts", 3, 1, ("parley.outcome", "retry"), (Status, "503")),
        Metric("parley.callback.attempts", 1, 1, ("parley.outcome", "gone"), (Status, "410")),
        Metric(Age, 20, 40, (Queue, "follow-ups")),
        Metric(Age, 400, 4, (Queue, "replies")),
        Metric("parley.queue.poison", 0, 1, (Queue, "follow-ups-poison")),
        Failures("follow_up.send", 2),
        Failures("export.file"),
        Failures("export.step"),
        Failures("reply.provider", 3),
        Failures("reply.interrupted"),
        Failures("storage", 4),
    ];

    /// <summary>What each alert is for, and the most that it lets pass.</summary>
    private static readonly (string Rule, bool Fires, Row[] Rows)[] Cases =
    [
        ("poison-messages", true, [Metric("parley.queue.poison", 1, 1, (Queue, "replies-poison"))]),
        ("poison-messages", true, [Failures("message.malformed")]),
        ("poison-messages", false, [Metric("parley.queue.poison", 0, 1, (Queue, "replies-poison"))]),
        ("messages-wait", true, [Metric(Age, 5, 100, (Queue, "exports")), Metric(Age, 242, 2, (Queue, "replies"))]),
        ("messages-wait", false, [Metric(Age, 5, 100, (Queue, "exports")), Metric(Age, 240, 2, (Queue, "replies"))]),
        ("follow-ups-late", true,
            [Failures("follow_up.late"), Failures("follow_up.queue"), Failures("follow_up.read")]),
        ("follow-ups-late", true, [Failures("follow_up.send", 2), Failures("follow_up.count")]),
        ("follow-ups-late", false, [Failures("follow_up.send", 2), Failures("export.step", 9)]),
        ("follow-ups-failed", true, [Metric("parley.follow_up.failed", 1, 1, ("parley.reason", "delivery_failed"))]),
        ("follow-ups-failed", false, [Failures("follow_up.send", 9), Metric("parley.follow_up.sent", 1, 1)]),
        ("follow-ups-failed", false, [Metric("parley.follow_up.failed", 1, 1, ("parley.reason", "client"))]),
        (Silent, true, []),
        (Silent, true, [Metric("parley.function.duration", 1, 9, ("faas.name", "ExportsDue"))]),
        (Silent, true, [Metric("parley.function.duration", 1, 9, ("faas.name", "FollowUpsDue"), ("error.type", "X"))]),
        (Silent, false, [Metric("parley.function.duration", 1, 1, ("faas.name", "FollowUpsDue"))]),
        ("exports-failing", true, [Failures("export.file_last")]),
        ("exports-failing", true, [Failures("export.interrupted")]),
        ("exports-failing", true, [Failures("export.schedule"), Failures("export.lease"), Failures("export.step")]),
        ("exports-failing", false, [Failures("export.file", 2), Failures("reply.step", 9)]),
        ("callbacks-given-up", true, [Metric("parley.callback.attempts", 1, 1, ("parley.outcome", "exhausted"))]),
        ("callbacks-given-up", false, [Metric("parley.callback.attempts", 9, 1, ("parley.outcome", "retry"))]),
        ("replies-failing", true, [Failures("reply.interrupted", 5)]),
        ("replies-failing", true, [Failures("reply.provider", 3), Failures("reply.prompt"), Failures("reply.step")]),
        ("replies-failing", false, [Failures("reply.provider", 4), Failures("export.step", 9)]),
        ("server-errors", true, [Requests(200, 494), Requests(500, 3), Requests(503, 2)]),
        ("server-errors", false, [Requests(200, 495), Requests(500, 3), Requests(503, 2)]),
        ("server-errors", false, [Requests(503, 4)]),
        ("storage-throttling", true, [Failures("storage", 5)]),
        ("storage-throttling", true, [Metric(Calls, 1, 20, (Status, "503")), Metric(Calls, 1, 1979, (Status, "200"))]),
        ("storage-throttling", true, [Metric(Calls, 1, 20, ("error.type", "System.Net.Http.HttpRequestException"))]),
        ("storage-throttling", false, [Metric(Calls, 1, 20, (Status, "500")), Metric(Calls, 1, 1980, (Status, "204"))]),
        ("storage-throttling", false, [Failures("storage", 4), Metric(Calls, 1, 500, (Status, "409"))]),
        ("secrets-not-opened", true, [Failures("secret.seal")]),
        ("secrets-not-opened", false, [Failures("tenant.erase")]),
        ("tenants-not-erased", true, [Failures("tenant.erase")]),
        ("tenants-not-erased", false, [Failures("secret.seal")]),
    ];

    public static TheoryData<string> Names => [.. Rules.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_alert_fires_when_it_should_and_only_then(string rule)
    {
        var cases = Cases.Where(one => one.Rule == rule).ToList();

        Assert.Equal([false, true], cases.Select(one => one.Fires).Distinct().Order());
        Assert.All(cases, one => Assert.Equal(one.Fires, Fires(rule, one.Rows)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void An_alert_is_quiet_in_a_good_quarter_of_an_hour(string rule) => Assert.False(Fires(rule, Good));

    [Theory]
    [InlineData("AppMetrics | take 5")]
    [InlineData("AppMetrics | where Name has \"parley\"")]
    [InlineData("AppMetrics | where Name =~ \"parley\"")]
    [InlineData("AppMetrics | summarize Count = avg(Sum)")]
    [InlineData("AppMetrics | summarize sum(Sum)")]
    [InlineData("AppMetrics | summarize Count = Sum")]
    [InlineData("AppMetrics | where Nmae == \"parley\"")]
    [InlineData("AppMetrics | where Name == \"parley\" Sum")]
    public void A_query_that_the_tests_cannot_run_is_an_error(string query) =>
        Assert.Throws<FormatException>(() => new KustoQuery(query).Run(Good.Where(row => row.ContainsKey("Sum"))));

    [Fact]
    public void A_setting_is_how_long_the_timer_may_be_silent_and_0_switches_only_that_alert_off()
    {
        Assert.Equal("120", GoldenFiles.EverythingSettings["PARLEY_FOLLOW_UP_ALERT_MINUTES"]);
        Assert.Contains("for 120 minutes.", Rules[Silent]["description"].GetString(), StringComparison.Ordinal);
        Assert.All(Rules, rule => Assert.Equal(rule.Key == Silent ? "PT2H" : "PT15M", Window(rule.Value)));
        Assert.All(
            GoldenFiles.Defaults.All("Microsoft.Insights/scheduledQueryRules"),
            rule => Assert.Equal("PT15M", Window(rule)));

        Assert.All(Rules.Values, rule => Assert.True(rule["enabled"].GetBoolean()));
        var template = GoldenFiles.Template.GetProperty("resources").GetProperty("alerts").GetProperty("properties")
            .GetProperty("template");
        var rules = template.GetProperty("resources").GetProperty("rules").GetProperty("properties");
        Assert.Equal(
            "[not(equals(tryGet(variables('alerts')[copyIndex()], 'minutes'), 0))]",
            rules.GetProperty("enabled").GetString());
        var withMinutes = template.GetProperty("variables").GetProperty("alerts").EnumerateArray()
            .Where(rule => rule.TryGetProperty("minutes", out _));
        Assert.Equal(Silent, Assert.Single(withMinutes).GetProperty("name").GetString());

        static string? Window(Resource rule) => rule["windowSize"].GetString();
    }

    [Fact]
    public void Every_alert_queries_the_workspace_and_notifies_the_address_in_the_settings()
    {
        var group = GoldenFiles.Everything.The("Microsoft.Insights/actionGroups");
        Assert.Equal("operator@parley.invalid", group["emailReceivers"][0].GetProperty("emailAddress").GetString());

        Assert.Equal(
            [
                "callbacks-given-up",
                "exports-failing",
                "follow-up-timer-silent",
                "follow-ups-failed",
                "follow-ups-late",
                "messages-wait",
                "poison-messages",
                "replies-failing",
                "secrets-not-opened",
                "server-errors",
                "storage-throttling",
                "tenants-not-erased",
            ],
            Rules.Keys.Order(StringComparer.Ordinal));
        Assert.All(Rules.Values, rule =>
        {
            Assert.Contains(".outputs.workspaceId.value]", rule["scopes"][0].GetString(), StringComparison.Ordinal);
            Assert.Equal(group.Id, Assert.Single(rule["actions", "actionGroups"].EnumerateArray()).GetString());
            Assert.Equal("Count", Criterion(rule).GetProperty("metricMeasureColumn").GetString());
        });
        Assert.All(
            GoldenFiles.Defaults.All("Microsoft.Insights/scheduledQueryRules"),
            rule => Assert.Empty(rule["actions", "actionGroups"].EnumerateArray()));
    }

    [Fact]
    public void The_operations_page_describes_every_alert()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"));

        Assert.All(Rules.Values, rule =>
            Assert.Contains($"\n| {rule["displayName"].GetString()} | ", page, StringComparison.Ordinal));
    }

    private static JsonElement Criterion(Resource rule) => rule["criteria", "allOf"][0];

    private static bool Fires(string rule, Row[] rows)
    {
        var criterion = Criterion(Rules[rule]);
        var query = new KustoQuery(criterion.GetProperty("query").GetString()!);
        var column = query.Table == "AppRequests" ? "ResultCode" : "Sum";
        var result = Assert.Single(query.Run(rows.Where(row => row.ContainsKey(column))));
        // A column without a value counts as 0.
        var count = (double?)result["Count"] ?? 0;
        var threshold = criterion.GetProperty("threshold").GetDouble();
        return criterion.GetProperty("operator").GetString() switch
        {
            "GreaterThan" => count > threshold,
            "LessThan" => count < threshold,
            var other => throw new FormatException(other),
        };
    }
}
