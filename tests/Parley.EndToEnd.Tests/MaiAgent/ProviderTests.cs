using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>The answers to clients when providers do not keep to OpenAI's reference.</summary>
public class ProviderTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Done = "data: [DONE]\n\n";

    private const string Parts =
        """[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"o"}]""";

    /// <summary>
    /// The provider's events (a number between them is a pause in milliseconds), the status, the code of the error and
    /// the text that is stored.
    /// </summary>
    private static readonly (object[] Events, int Status, string? Error, string Text)[] Answers =
    [
        ([Chunk("\"one \"", "\"null\""), 1_500, Chunk("\"two\"", "\"null\""), Done], 200, null, "one two"),
        ([Chunk("\"one \"", "\"null\""), 1_500, Chunk("\"two\"", "\"null\"")], 502, "unavailable", "one two"),
        ([Chunk("\"Half\""), Chunk("\"\"", "\"abort\""), Done], 502, "unavailable", "Half"),
        ([Chunk("\"Half\""), Chunk("\"\"", "\"insufficient_system_resource\""), Done], 502, "unavailable", "Half"),
        ([Chunk("\"Half\""), Chunk("\"\"", "\"network_error\""), Done], 502, "unavailable", "Half"),
        ([Chunk("\"Half\""), Chunk("\"\"", "\"sensitive\""), Done], 422, "refused", "Half"),
        ([Chunk(Parts), Chunk("\"k\"", "\"stop\""), Done], 200, null, "ok"),
        (["data: {\"error\":{\"code\":429,\"message\":\"Slow down\"}}\n\n"], 429, "rate_limited", ""),
        (["data: {\"error\":{\"code\":\"context_length_exceeded\"}}\n\n"], 502, "bad_request", ""),
        ([Chunk("\"\"", "\"length\""), Done], 502, "empty_reply", ""),
    ];

    [Fact]
    public async Task A_reply_that_was_cut_is_not_whole_and_no_reply_is_an_error()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own providers.
        }

        await using var server = await ProviderServer.StartAsync(async (messages, response) =>
        {
            var which = int.Parse(Last(messages), System.Globalization.CultureInfo.InvariantCulture);
            foreach (var part in Answers[which].Events)
            {
                await (part is int pause
                    ? Task.Delay(TimeSpan.FromMilliseconds(pause), TimeProvider.System)
                    : response.WriteAsync((string)part));
                await response.Body.FlushAsync();
            }
        });
        using var client = parley.Client.Streaming(server.Api);
        var chatbot = await client.NewChatbotAsync();
        await Parallel.ForEachAsync(Answers.Index(), async (answer, _) =>
        {
            var (_, status, error, text) = answer.Item;
            var conversation = (await client.NewConversationAsync())["id"];
            using var response = await client.SendJsonAsync(
                HttpMethod.Post,
                $"v1/chatbots/{chatbot["id"]}/completions",
                new { conversation, message = new { content = $"{answer.Index}" } });
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(CancellationToken.None))!;

            Assert.Equal((answer.Index, status), (answer.Index, (int)response.StatusCode));
            var completion = await client.CallAsync(HttpMethod.Get, response.Headers.Location!.ToString());
            Assert.Equal(error, completion["error"]?["code"]!.GetValue<string>());
            Assert.Equal(text, completion["content"]!.GetValue<string>());
            if (error == "empty_reply")
            {
                var detail = body["detail"]!.GetValue<string>();
                Assert.StartsWith("The assistant's reply is empty.", detail, StringComparison.Ordinal);
            }

            var replies = (await client.MessagesAsync(conversation)).Skip(1)
                .Select(reply => (reply["content"]!.GetValue<string>(), reply["contentPayload"]?.ToJsonString()));
            Assert.Equal(
                text.Length == 0 ? [] : [(text, error is null ? null : $$"""{"partial":true,"error":"{{error}}"}""")],
                replies);
        });
    }

    [Fact]
    public async Task A_failure_and_a_first_message_of_staff_do_not_wedge_a_conversation()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own providers.
        }

        var (failing, last) = (true, new JsonArray());
        await using var server = await ProviderServer.StartAsync(async (messages, response) =>
        {
            last = messages;
            if (failing)
            {
                response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            }

            await response.WriteAsync(Chunk("\"Yes\"", "\"stop\"") + Done);
        });
        using var client = parley.Client.Streaming(server.Api);
        var chatbot = await client.NewChatbotAsync(new { name = "Bot", instructions = "Be brief." });
        var created = await client.NewConversationAsync();
        var (conversation, staff) = (created["id"], $"v1/conversations/{created["number"]}/messages");
        await client.CallAsync(HttpMethod.Post, staff, new { message = "I am Ann." });
        foreach (var content in new[] { "One?", "Two?" })
        {
            await client.RefusedAsync(
                HttpMethod.Post,
                $"v1/chatbots/{chatbot["id"]}/completions",
                new { conversation, message = new { content } },
                502,
                "unavailable");
        }

        failing = false;
        await client.CompleteAsync(chatbot, "Three?", conversation);
        await client.CallAsync(HttpMethod.Post, staff, new { message = "Ann again." });
        await client.CompleteAsync(chatbot, "Four?", conversation);

        Assert.Equal(
            [
                "system: Be brief.\n\nThese messages were sent to the customer before the customer's first message "
                    + "below:\n\nstaff: I am Ann.",
                "user: One?\n\nTwo?\n\nThree?",
                "assistant: Yes\n\nAnn again.",
                "user: Four?",
            ],
            last.Select(message => $"{message!["role"]}: {message["content"]}"));
    }

    private static string Last(JsonArray messages) => messages[^1]!["content"]!.GetValue<string>();

    private static string Chunk(string content, string reason = "null") =>
        $$"""data: {"choices":[{"index":0,"delta":{"content":{{content}}},"finish_reason":{{reason}}}]}""" + "\n\n";
}
