using System.Globalization;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

public class ConversationChangeTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task The_response_to_a_change_has_every_field()
    {
        var client = await parley.NewTenantClientAsync("Change");
        var created = await client.NewConversationAsync(new { title = "Old", channel = "mail", address = "ana", metadata = new { a = 1 } });
        var until = TimeProvider.System.GetUtcNow().AddHours(2);
        using var response = await client.SendJsonAsync(
            HttpMethod.Patch, "v1/conversations/1", new { title = "New", metadata = new { b = "é" }, autoReplyEnabled = true, handedOffUntil = until });
        var changed = await response.ReadAsync();

        Assert.Equal("\"2\"", response.Headers.ETag!.Tag);
        Assert.Equal(created["id"]!.GetValue<string>(), changed["id"]!.GetValue<string>());
        Assert.Equal(1, changed["number"]!.GetValue<int>());
        Assert.Equal("New", changed["title"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(created["contact"], changed["contact"]));
        Assert.True(JsonNode.DeepEquals(created["inbox"], changed["inbox"]));
        Assert.Null(changed["lastMessage"]);
        Assert.Null(changed["lastMessageCreatedAt"]);
        Assert.Equal(0, changed["unreadMessagesCount"]!.GetValue<int>());
        Assert.True(changed["autoReplyEnabled"]!.GetValue<bool>());
        Assert.False(changed["isAutoReplyNow"]!.GetValue<bool>());
        Assert.Null(changed["lastReadAt"]);
        Assert.Equal(created["createdAt"]!.GetValue<string>(), changed["createdAt"]!.GetValue<string>());
        Assert.False(changed["isGroupChat"]!.GetValue<bool>());
        Assert.False(changed["enableGroupMention"]!.GetValue<bool>());
        Assert.Equal("é", changed["metadata"]!["b"]!.GetValue<string>());
        Assert.Null(changed["metadata"]!["a"]);
        Assert.Null(changed["chatbot"]);
        Assert.Equal(until, ApiHelpers.Time(changed["handedOffUntil"]), TimeSpan.FromMilliseconds(1));
        Assert.True(JsonNode.DeepEquals(changed, await client.CallAsync(HttpMethod.Get, $"v1/conversations/{created["id"]}")));
    }

    [Fact]
    public async Task Absent_fields_are_kept_and_null_clears()
    {
        var until = TimeProvider.System.GetUtcNow().AddHours(2);
        var conversation = await parley.Client.CreateConversationAsync(new { title = "Title", metadata = new { a = 1 } });
        var path = $"v1/conversations/{conversation}";
        var off = await parley.Client.CallAsync(HttpMethod.Patch, path, new { autoReplyEnabled = false, handedOffUntil = until });
        var nothing = await parley.Client.CallAsync(HttpMethod.Patch, path, new { unknown = 1 });

        Assert.True(JsonNode.DeepEquals(off, nothing));
        Assert.Equal("Title", nothing["title"]!.GetValue<string>());
        Assert.False(nothing["autoReplyEnabled"]!.GetValue<bool>());
        Assert.Equal("""{"a":1}""", nothing["metadata"]!.ToJsonString());
        Assert.NotNull(nothing["handedOffUntil"]);

        var titleOff = await parley.Client.CallAsync(HttpMethod.Patch, path, new { title = (string?)null, autoReplyEnabled = (bool?)null });
        Assert.Null(titleOff["title"]);
        Assert.False(titleOff["autoReplyEnabled"]!.GetValue<bool>());
        Assert.NotNull(titleOff["metadata"]);

        var metadataOff = await parley.Client.CallAsync(HttpMethod.Patch, path, new { metadata = (object?)null });
        Assert.Null(metadataOff["metadata"]);
        Assert.NotNull(metadataOff["handedOffUntil"]);

        var handedBack = await parley.Client.CallAsync(HttpMethod.Patch, path, new { handed_off_until = (string?)null, auto_reply_enabled = true });
        Assert.Null(handedBack["handedOffUntil"]);
        Assert.True(handedBack["autoReplyEnabled"]!.GetValue<bool>());
        Assert.True(handedBack["isAutoReplyNow"]!.GetValue<bool>());
        Assert.True(JsonNode.DeepEquals(handedBack, await parley.Client.CallAsync(HttpMethod.Get, path)));
    }

    [Fact]
    public async Task There_are_no_automatic_replies_until_the_hand_off_ends()
    {
        if (parley.RunsElsewhere)
        {
            return; // The clock of a host that runs elsewhere cannot be set.
        }

        using var clock = new ManualClock();
        await using var host = await ApiHelpers.StartClockedAsync(clock);
        var client = parley.NewClient((await parley.CreateTenantAsync("Hand-off")).ApiKey, host.Api);
        await client.CreateConversationAsync();
        var until = clock.GetUtcNow().AddMinutes(2);
        Assert.False(await IsNowAsync(client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { handedOffUntil = until })));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(await IsNowAsync(client.CallAsync(HttpMethod.Get, "v1/conversations/1")));
        clock.Advance(TimeSpan.FromSeconds(61));

        var after = await client.CallAsync(HttpMethod.Get, "v1/conversations/1");
        Assert.True(after["isAutoReplyNow"]!.GetValue<bool>());
        Assert.Equal(until, ApiHelpers.Time(after["handedOffUntil"]), TimeSpan.FromMilliseconds(1));
        Assert.False(await IsNowAsync(client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { autoReplyEnabled = false })));

        // A past time is accepted and has no effect.
        Assert.True(await IsNowAsync(client.CallAsync(HttpMethod.Patch, "v1/conversations/1", new { autoReplyEnabled = true, handedOffUntil = "2020-01-01T00:00:00Z" })));

        async Task<bool> IsNowAsync(Task<JsonNode> call) => (await call)["isAutoReplyNow"]!.GetValue<bool>();
    }

    [Fact]
    public async Task A_hand_off_is_for_a_year_at_most()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var now = TimeProvider.System.GetUtcNow();
        var (most, over) = (now.AddYears(1).AddMinutes(-1), now.AddYears(1).AddMinutes(1));
        var taken = await parley.Client.CallAsync(
            HttpMethod.Patch, $"v1/conversations/{conversation}", new { handedOffUntil = most.ToOffset(TimeSpan.FromHours(-3)) });

        Assert.Equal(most, ApiHelpers.Time(taken["handedOffUntil"]), TimeSpan.FromMilliseconds(1));
        foreach (var until in new object[] { over, "2026", "tomorrow", "2026-11-30T12:00:00", 5, true })
        {
            await parley.Client.RefusedAsync(HttpMethod.Patch, $"v1/conversations/{conversation}", new { handedOffUntil = until }, 422, "invalid_fields", "handedOffUntil");
        }
    }

    [Fact]
    public async Task Fields_have_their_limits()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation}";
        var longest = string.Concat(Enumerable.Repeat("😀", 250));
        var metadata = ApiHelpers.JsonOf(32_768);
        var changed = await parley.Client.CallAsync(HttpMethod.Patch, path, new { title = longest, metadata });

        Assert.Equal(longest, changed["title"]!.GetValue<string>());
        Assert.Equal(metadata["k"], changed["metadata"]!["k"]!.GetValue<string>());
        await parley.Client.RefusedAsync(
            HttpMethod.Patch, path, new { title = longest + "x", metadata = ApiHelpers.JsonOf(32_769), autoReplyEnabled = "yes", chatbot = -5, handedOffUntil = "x" },
            422, "invalid_fields", "title", "metadata", "autoReplyEnabled", "chatbot", "handedOffUntil");
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, new { title = 5, metadata = "text" }, 422, "invalid_fields", "title", "metadata");
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, new { title = "a\0b" }, 422, "invalid_fields", "title");
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, new { chatbot = ApiHelpers.UnknownUuid }, 404, "chatbot_not_found");
        Assert.True(JsonNode.DeepEquals(changed, await parley.Client.CallAsync(HttpMethod.Get, path)));
    }

    [Fact]
    public async Task An_emoji_in_metadata_counts_two()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation}";
        var room = 32_768 - "{\"k\":\"\"}".Length;
        var full = string.Concat(Enumerable.Repeat("😀", room / 2));
        var changed = await parley.Client.CallAsync(HttpMethod.Patch, path, new { metadata = new { k = full } });

        Assert.Equal(full, changed["metadata"]!["k"]!.GetValue<string>());
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, new { metadata = new { k = full + "x" } }, 422, "invalid_fields", "metadata");
    }

    [Theory]
    [InlineData("\"1\"", 200)]
    [InlineData("*", 200)]
    [InlineData("\"7\", \"1\"", 200)]
    [InlineData("\"2\"", 412)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("nonsense", 400)]
    [InlineData("*, \"1\"", 400)]
    public async Task If_match_guards_a_change(string ifMatch, int status)
    {
        var conversation = await parley.Client.CreateConversationAsync(new { title = "Old" });
        using var response = await parley.Client.SendJsonAsync(
            HttpMethod.Patch, $"v1/conversations/{conversation}", new { title = "New" }, ("If-Match", ifMatch));
        if (status != 200)
        {
            await response.AssertProblemAsync(status, status == 412 ? "stale_revision" : "malformed_header");
        }

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? "New" : "Old", ApiHelpers.Text((await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}"))["title"]));
    }

    [Fact]
    public async Task A_message_makes_the_revision_stale()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var read = await parley.Client.GetAsync($"v1/conversations/{conversation}");
        await parley.Client.PostAsync(conversation, "x");
        using var stale = await parley.Client.SendJsonAsync(
            HttpMethod.Patch, $"v1/conversations/{conversation}", new { title = "New" }, ("If-Match", read.Headers.ETag!.Tag));

        await stale.AssertProblemAsync(412, "stale_revision");
    }

    [Fact]
    public async Task Of_concurrent_changes_to_one_revision_one_succeeds()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => parley.Client.SendJsonAsync(
            HttpMethod.Patch, $"v1/conversations/{conversation}", new { title = $"{i}" }, ("If-Match", "\"1\""))));
        var statuses = responses.Select(response => (int)response.StatusCode).ToList();
        var winner = await responses.Single(response => response.IsSuccessStatusCode).ReadAsync();

        Assert.Equal(7, statuses.Count(status => status == 412));
        Assert.True(JsonNode.DeepEquals(winner, await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}")));
        Array.ForEach(responses, response => response.Dispose());
    }

    [Fact]
    public async Task Only_the_tenants_own_conversations_are_changed()
    {
        var client = await parley.NewTenantClientAsync("Own");
        var other = await parley.NewTenantClientAsync("Other");
        var uuid = (await client.NewConversationAsync(new { title = "Own" }))["id"]!.GetValue<string>();
        foreach (var id in new[] { uuid, "1", "99", "0", "nonsense", ApiHelpers.UnknownUuid })
        {
            await other.RefusedAsync(HttpMethod.Patch, $"v1/conversations/{id}", new { title = "Taken" }, 404, "conversation_not_found");
            await other.RefusedAsync(HttpMethod.Patch, $"v1/conversations/{id}", new { title = 5 }, 422, "invalid_fields", "title");
        }

        Assert.Equal("Own", ApiHelpers.Text((await client.CallAsync(HttpMethod.Get, $"v1/conversations/{uuid}"))["title"]));
    }

    [Fact]
    public async Task Key_scope_and_body_are_checked_in_this_order()
    {
        var path = $"v1/conversations/{await parley.Client.CreateConversationAsync()}";
        await parley.NewClient(token: null).RefusedAsync(HttpMethod.Patch, path, "text", 401, "unauthenticated");
        await (await parley.NewClientWithScopeAsync("messages:read")).RefusedAsync(HttpMethod.Patch, path, "text", 403, "scope_missing");
        await parley.Client.RefusedAsync(HttpMethod.Patch, path, "text", 400, "malformed_json");
        using var text = new StringContent("{}", System.Text.Encoding.UTF8, "text/plain");
        using var large = new StringContent($"{{\"title\":\"{new string('x', 300_000)}\"}}", System.Text.Encoding.UTF8, "application/json");
        using var unsupported = await parley.Client.PatchAsync(path, text);
        using var tooLarge = await parley.Client.PatchAsync(path, large);
        await unsupported.AssertProblemAsync(415, "unsupported_media_type");
        await tooLarge.AssertProblemAsync(413, "body_too_large");
    }

    [Fact]
    public async Task Titles_and_names_of_250_characters_are_accepted()
    {
        var line = new string('x', 250);
        var client = await parley.NewTenantClientAsync("Lines");
        var created = await client.NewConversationAsync(new { title = line, channel = line, address = line, first_name = line, last_name = line });

        Assert.Equal(line, ApiHelpers.Text(created["title"]));
        Assert.Equal(line, ApiHelpers.Text(created["inbox"]!["name"]));
        Assert.Equal($"{line} {line}", ApiHelpers.Text(created["contact"]!["name"]));
        Assert.Equal("1", created["number"]!.GetValue<int>().ToString(CultureInfo.InvariantCulture));
        await client.RefusedAsync(
            HttpMethod.Post, "v1/conversations", new { title = line + "x", channel = line + "x", address = line + "x", first_name = line + "x", last_name = line + "x" },
            422, "invalid_fields", "title", "channel", "address", "first_name", "last_name");
    }
}
