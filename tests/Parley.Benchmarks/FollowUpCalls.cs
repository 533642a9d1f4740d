using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;

namespace Parley.Benchmarks;

/// <summary>
/// Counts the storage calls of follow-ups. Queue messages are additional: one for a follow-up that is due soon, one for
/// a chunk of the timer's.
/// </summary>
internal sealed class FollowUpCalls(Counting count, KeptMessages<FollowUpChunk> queue, IServiceProvider services)
{
    private const string Path = "v1/chat-message-follow-ups";
    private const int Chunk = FollowUpChunk.MaxRows;

    /// <summary>
    /// The calls that a chunk shares: its schedule rows are read and deleted, the rows in the lists by status
    /// are written and deleted.
    /// </summary>
    private const int Shared = 4;

    /// <summary>
    /// The shared calls when the chunk's messages are the first in their minute: one call moves the conversations of
    /// each of the seven partitions of the lists by activity, and one deletes their previous rows.
    /// </summary>
    private const int SharedInNewMinute = 2 * ConversationRowKeys.ActivityPartitionCount;

    private readonly FollowUpDispatch dispatch = services.GetRequiredService<FollowUpDispatch>();
    private readonly FollowUpSender sender = services.GetRequiredService<FollowUpSender>();

    public async Task CountAsync()
    {
        await CountOneAsync();
        await CountChunkAsync();
        await CountCancellationAsync(1);
        await CountCancellationAsync(PendingFollowUp.Max);
        await count.RunAsync("list 10 follow-ups of one status", 1 + 10, HttpMethod.Get, $"{Path}?statuses=sent&pageSize=10");
        await count.RunAsync("list 10 follow-ups of any status", 4 + 10, HttpMethod.Get, $"{Path}?pageSize=10");
    }

    private async Task CountOneAsync()
    {
        var chat = await NewChatAsync();
        await count.RunAsync("create a follow-up", 4, HttpMethod.Post, Path, Body(chat, TimeSpan.FromMinutes(1)));
        count.Time.Advance(TimeSpan.FromMinutes(2));
        var message = queue.TakeOnly();
        await count.RunAsync("send a follow-up, the conversation's first message in a minute", 3 + Shared + 2, () => SendAsync(message));
        await count.RunAsync("send it again", 1, () => SendAsync(message));

        await CreateAsync(chat, TimeSpan.FromMinutes(1));
        count.Time.Advance(TimeSpan.FromMinutes(2));
        await PostAsync(chat, "assistant");
        await count.RunAsync("send a follow-up", 3 + Shared, () => SendAsync(queue.TakeOnly()));
        await RequireSentAsync(chat, 2);
        await count.RunAsync("list the follow-ups of a chat", 2, HttpMethod.Get, $"{Path}?chatIds={chat.Number}");
    }

    private async Task CountChunkAsync()
    {
        Console.WriteLine($"  creating {Chunk} follow-ups to send");
        var chats = new List<ConversationKey>(Chunk);
        for (var i = 0; i < Chunk; i++)
        {
            chats.Add(await NewChatAsync());
            await CreateAsync(chats[^1], TimeSpan.FromMinutes(10));
        }

        count.Time.Advance(TimeSpan.FromMinutes(11));
        await count.RunAsync($"queue {Chunk} follow-ups that are due", 2, () => dispatch.DispatchAsync(CancellationToken.None));
        await count.RunAsync($"send a chunk of {Chunk}, the conversations' first messages in a minute", (3 * Chunk) + Shared + SharedInNewMinute, () => SendAsync(queue.TakeOnly()));
        foreach (var chat in chats)
        {
            await RequireSentAsync(chat, 1);
        }
    }

    private async Task CountCancellationAsync(int followUps)
    {
        var chat = await NewChatAsync();
        for (var i = 0; i < followUps; i++)
        {
            await CreateAsync(chat, TimeSpan.FromDays(1));
        }

        await count.RunAsync($"post a customer's message that cancels {followUps}", 2 + 2, HttpMethod.Post, "v1/chat-messages", MessageBody(chat, "user"));
        if (await CountAsync(chat, "cancelled") != followUps)
        {
            throw new BenchmarkException($"The customer's message did not cancel {followUps} follow-ups.");
        }
    }

    private Task SendAsync(FollowUpChunk chunk) => sender.SendAsync(chunk, CancellationToken.None);

    private async Task RequireSentAsync(ConversationKey chat, int followUps)
    {
        if (await CountAsync(chat, "sent") != followUps)
        {
            throw new BenchmarkException($"Not all follow-ups of conversation {chat.Number} were sent.");
        }
    }

    private async Task<int> CountAsync(ConversationKey chat, string status)
    {
        var found = await count.Client.SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"{Path}?chatIds={chat.Number}&statuses={status}&pageSize=100"));
        return found.GetArrayLength();
    }

    /// <summary>Creates a conversation whose last message is not from the customer.</summary>
    private async Task<ConversationKey> NewChatAsync()
    {
        var chat = await count.Client.CreateConversationAsync();
        await PostAsync(chat, "assistant");
        return chat;
    }

    private Task<JsonElement> PostAsync(ConversationKey chat, string role) => count.Client.SendAsync(HttpMethod.Post, "v1/chat-messages", MessageBody(chat, role));

    private Task<JsonElement> CreateAsync(ConversationKey chat, TimeSpan delay) => count.Client.SendAsync(HttpMethod.Post, Path, Body(chat, delay));

    private static JsonObject MessageBody(ConversationKey chat, string role) => new() { ["chatId"] = chat.Number, ["content"] = "Text", ["role"] = role };

    private JsonObject Body(ConversationKey chat, TimeSpan delay) =>
        new() { ["chatId"] = chat.Number, ["dueDate"] = count.Time.GetUtcNow() + delay, ["message"] = "Text" };
}
