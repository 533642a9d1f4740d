using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Parley.DevHost.Common;
using Parley.Exports;
using Parley.Functions;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Infrastructure;

public class AlertTests
{
    private const BindingFlags Declared =
        BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.DeclaredOnly;

    private const string Silent = "follow-up-timer-silent";

    private static readonly Dictionary<string, Resource> Rules =
        GoldenFiles.Everything.All("Microsoft.Insights/scheduledQueryRules")
        .ToDictionary(rule => rule.Name["alert-".Length..]);

    public static TheoryData<string> OnTheLog =>
        [.. Rules.Where(rule => Query(rule.Value).Contains("AppTraces", StringComparison.Ordinal))
            .Select(rule => rule.Key)];

    [Theory]
    [MemberData(nameof(OnTheLog))]
    public void An_alert_counts_the_lines_that_its_comment_names_and_no_other(string rule)
    {
        var query = new LogQuery(Query(Rules[rule]));
        var named = NamedInTheComment(rule);
        var counted = Lines(isBad: true).Where(line => query.Matches(line.Text)).Select(line => line.Id);

        Assert.Equal(named.Order(), counted.Order());
    }

    [Theory]
    [InlineData("follow-ups-late", 1103, 1104, 1105, 1106)]
    [InlineData("follow-ups-failed")]
    [InlineData("callbacks-given-up")]
    public void An_alert_ignores_lines_of_work_in_time_retries_and_delivered_webhooks(string rule, params int[] counted)
    {
        var query = new LogQuery(Query(Rules[rule]));

        var lines = Lines(isBad: false).Where(line => query.Matches(line.Text)).Select(line => line.Id);
        Assert.Equal(counted, lines.Order());
    }

    [Fact]
    public void A_message_that_the_host_gives_up_is_counted()
    {
        // Logged by QueueProcessor of the host's Storage Queues extension.
        const string Line = "Message has reached MaxDequeueCount of 5. Moving message to queue 'follow-ups-poison'.";

        Assert.True(new LogQuery(Query(Rules["poison-messages"])).Matches(Line));
    }

    [Fact]
    public void The_timer_that_must_not_be_silent_is_a_function()
    {
        var name = Regex.Match(Query(Rules[Silent]), @"OperationName == ""(\w+)""").Groups[1].Value;

        Assert.Contains(name, DeployedApp.Functions);
    }

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
            Assert.Equal("Count", rule["criteria", "allOf"][0].GetProperty("metricMeasureColumn").GetString());
            Assert.Matches(@"(summarize|project) Count = [^|]+$", Query(rule).Trim());
        });
        Assert.All(
            GoldenFiles.Defaults.All("Microsoft.Insights/scheduledQueryRules"),
            rule => Assert.Empty(rule["actions", "actionGroups"].EnumerateArray()));
    }

    private static string Query(Resource rule) => rule["criteria", "allOf"][0].GetProperty("query").GetString()!;

    private static IEnumerable<int> NamedInTheComment(string rule)
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "infra", "app", "alerts.bicep"));
        return Regex.Match(source, $@"name: '{rule}'.*?query: '''", RegexOptions.Singleline).Value.Split('\n')
            .Where(line => line.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .SelectMany(line => Regex.Matches(line, @"\b[12]\d{3}\b"))
            .Select(id => int.Parse(id.ValueSpan, null));
    }

    /// <summary>All lines that the app can log, with the values of failures or of success.</summary>
    private static IEnumerable<(int Id, string Text)> Lines(bool isBad) =>
        new[] { typeof(ParleyServices).Assembly, typeof(ParleyApp).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(Declared))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>()
            .Select(line => (line.EventId, Regex.Replace(line.Message, @"\{(\w+)\}", value => Value(value, isBad))));

    private static string Value(Match placeholder, bool isBad) => placeholder.Groups[1].Value switch
    {
        "Late" => isBad ? ", late" : "",
        "Verdict" => isBad ? $"{WebhookVerdict.Exhausted}" : $"{WebhookVerdict.Delivered}",
        "Attempt" => isBad ? $"{ExportFileJob.MaxAttempts}" : "1",
        "MaxAttempts" => $"{ExportFileJob.MaxAttempts}",
        "Count" => "3",
        _ => "something",
    };
}
