using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>
/// A client of MaiAgent, written from its public documents alone: the OpenAPI of MaiAgent-steven/maiagent_api_doc, the
/// page of docs.maiagent.ai about completions, and the flows of Playma-Co-Ltd/maiagent-api-examples. Members that the
/// OpenAPI requires must be there, and must not be null unless it says so.
/// </summary>
internal sealed class MaiAgentVendorClient : IDisposable
{
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
    };

    private readonly HttpClient http = new();
    private readonly string baseUrl;

    /// <param name="baseUrl">With or without the version, and with a slash at the end: <c>https://host/api/v1/</c>.</param>
    /// <param name="apiKey">The key.</param>
    public MaiAgentVendorClient(string baseUrl, string apiKey)
    {
        this.baseUrl = baseUrl;
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Api-Key {apiKey}");
    }

    /// <summary>As the example send_message creates its conversation.</summary>
    public Task<Conversation> CreateConversationAsync(string webChatId) =>
        PostAsync<Conversation>("conversations/", new { webChat = webChatId }, HttpStatusCode.Created);

    public Task<CursorPage<Conversation>> ListConversationsAsync() => GetAsync<CursorPage<Conversation>>("conversations/");

    /// <summary>As the example send_message posts its message.</summary>
    public Task<Message> SendMessageAsync(string conversationId, string content, object[]? attachments = null) =>
        PostAsync<Message>(
            "messages/", new { conversation = conversationId, content, attachments = attachments ?? [] }, HttpStatusCode.Created);

    /// <summary>All messages of a conversation: follows <c>next</c> until it is null.</summary>
    public async Task<List<Message>> ListMessagesAsync(string conversationId, int pageSize)
    {
        var messages = new List<Message>();
        var next = $"{baseUrl}messages/?conversation={conversationId}&pageSize={pageSize}";
        while (next is not null)
        {
            var page = await GetAsync<CountedPage<Message>>(next);
            messages.AddRange(page.Results);
            next = page.Next;
        }

        return [.. messages.OrderBy(message => long.Parse(message.CreatedAt, CultureInfo.InvariantCulture))];
    }

    public Task<CountedPage<Message>> NewestMessagesAsync() => GetAsync<CountedPage<Message>>("messages/");

    public Task<CountedPage<Chatbot>> ListChatbotsAsync() => GetAsync<CountedPage<Chatbot>>("chatbots/");

    public Task<CountedPage<Record>> ListRecordsAsync(string chatbotId, int page, int pageSize) =>
        GetAsync<CountedPage<Record>>(string.Create(
            CultureInfo.InvariantCulture, $"chatbots/{chatbotId}/records/?page={page}&pageSize={pageSize}"));

    public Task<byte[]> DownloadRecordsAsync(string chatbotId) =>
        http.GetByteArrayAsync(new Uri($"{baseUrl}chatbots/{chatbotId}/records/export-excel/"));

    /// <summary>As the Python example: a completion that is not streamed.</summary>
    public async Task<JsonNode> CompleteAsync(string chatbotId, string? conversationId, string content)
    {
        var body = new { conversation = conversationId, message = new { content, attachments = Array.Empty<object>() }, is_streaming = false };
        using var response = await http.PostAsJsonAsync($"{baseUrl}chatbots/{chatbotId}/completions/", body);
        await RequireAsync(response, HttpStatusCode.OK);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    /// <summary>
    /// As the C# example: reads line by line, and takes only lines that begin with <c>data: </c>, up to the one that is
    /// done.
    /// </summary>
    public async IAsyncEnumerable<JsonNode> StreamAsync(
        string chatbotId, string? conversationId, string content, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{baseUrl}chatbots/{chatbotId}/completions/")
        {
            Content = JsonContent.Create(new { conversation = conversationId, message = new { content }, isStreaming = true }),
        };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        await RequireAsync(response, HttpStatusCode.OK);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return JsonNode.Parse(line["data: ".Length..])!;
            }
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<T> GetAsync<T>(string path)
    {
        using var response = await http.GetAsync(new Uri(path.Contains("://", StringComparison.Ordinal) ? path : baseUrl + path));
        await RequireAsync(response, HttpStatusCode.OK);
        return (await response.Content.ReadFromJsonAsync<T>(Strict))!;
    }

    private async Task<T> PostAsync<T>(string path, object body, HttpStatusCode status)
    {
        using var response = await http.PostAsJsonAsync(baseUrl + path, body);
        await RequireAsync(response, status);
        return (await response.Content.ReadFromJsonAsync<T>(Strict))!;
    }

    private static async Task RequireAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        if (response.StatusCode != status)
        {
            throw new HttpRequestException($"{response.RequestMessage!.RequestUri} answered {response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    internal sealed record CursorPage<T>(string? Next, string? Previous, List<T> Results);

    internal sealed record CountedPage<T>(int Count, string? Next, string? Previous, List<T> Results);

    internal sealed record Contact(Guid Id, string Name, string? Avatar, string CreatedAt);

    internal sealed record Inbox(Guid Id, string Name, string ChannelType, int UnreadConversationsCount);

    internal sealed record Sender(long Id, string Name, string Avatar);

    internal sealed record Attachment(string? Id, string Type, string Filename, string File);

    internal sealed record Message(
        Guid Id, Guid Conversation, Sender Sender, string Type, string Content, string? Feedback, string CreatedAt,
        List<Attachment> Attachments, List<JsonElement> Citations, List<JsonElement> CitationNodes);

    internal sealed record Conversation(
        Guid Id, Contact Contact, Inbox Inbox, string Title, Message? LastMessage, string LastMessageCreatedAt, int UnreadMessagesCount,
        bool AutoReplyEnabled, bool IsAutoReplyNow, string? LastReadAt, string CreatedAt, bool IsGroupChat, bool EnableGroupMention);

    internal sealed record Chatbot(Guid Id, string Name, string UpdatedAt);

    internal sealed record Record(
        Guid Id, string InputMessage, string CondenseMessage, string OutputMessage, string? Context,
        double? FaithfulnessScore, string DisplayFaithfulnessScore,
        double? AnswerRelevancyScore, string DisplayAnswerRelevancyScore,
        double? ContextPrecisionScore, string DisplayContextPrecisionScore,
        double? AnswerCorrectnessScore, string DisplayAnswerCorrectnessScore,
        double? AnswerSimilarityScore, string DisplayAnswerSimilarityScore,
        double? ContextRecallScore, string DisplayContextRecallScore,
        string? ReplyTime, string CreatedAt, string? Error);
}
