using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Parley.Assistants.Providers;

/// <summary>
/// A client of servers with OpenAI's chat completions API, or a compatible one. It sends only the role and the text of
/// a message, as one string, and the model and the temperature of the options, because the simplest servers understand
/// no more. Messages of users and assistants alternate, because some servers reject two messages of one role in a row.
/// It sends the request once, without a time limit: <see cref="ProviderStream"/> limits the time. An error response or
/// an error event of the server becomes an <see cref="AssistantException"/>.
/// </summary>
public sealed class OpenAIChatClient : IChatClient
{
    // New connections resolve the host name again, so a provider's change of address takes effect.
    private static readonly TimeSpan MaxConnectionAge = TimeSpan.FromMinutes(5);

    // The end marker of a reply may still be in transit when reading stops. Draining it lets the connection be reused.
    // A reply that is abandoned halfway sends more than these limits allow, so its connection is closed.
    private const int MaxDrainBytes = 4 * 1024;

    private static readonly TimeSpan MaxDrainTime = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient http;
    private readonly OpenAIClient client;
    private readonly string model;
    private readonly bool countsTokens;

    /// <param name="endpoint">The URL to which <c>/chat/completions</c> is appended.</param>
    /// <param name="key">Sent as <c>Authorization: Bearer</c>.</param>
    /// <param name="model">The model to use when the options have none.</param>
    /// <param name="countsTokens">
    /// True to ask for the tokens of a reply by an option of the request, which not every server accepts.
    /// </param>
    /// <param name="time">The clock for Retry-After headers with a date.</param>
    public OpenAIChatClient(Uri endpoint, string key, string model, bool countsTokens, TimeProvider time)
    {
        this.model = model;
        this.countsTokens = countsTokens;
        var connections = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // The key must not be sent to another host.
            UseCookies = false,
            ActivityHeadersPropagator = null, // Providers must not get Parley's trace ids.
            PooledConnectionLifetime = MaxConnectionAge,
            MaxResponseDrainSize = MaxDrainBytes,
            ResponseDrainTimeout = MaxDrainTime,
        };
        http = new HttpClient(new OpenAIErrorHandler(connections, time))
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client = new OpenAIClient(new ApiKeyCredential(key), new OpenAIClientOptions
        {
            Endpoint = endpoint,
            Transport = new HttpClientPipelineTransport(http),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0), // A retry may be billed a second time.
        });
    }

    /// <inheritdoc/>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var chat = client.GetChatClient(options?.ModelId ?? model);
        var updates = chat.CompleteChatStreamingAsync(
            AlternatingMessages.Arrange([.. messages]).Select(Convert).ToList(), Convert(options), cancellationToken);

        // There is exactly one page.
        await foreach (var page in updates.GetRawPagesAsync().WithCancellation(cancellationToken))
        {
            using var response = page.GetRawResponse();
            var events = new OpenAIEvents();
            var reply = IsJson(response)
                ? events.ReadObjectAsync(response.ContentStream!, cancellationToken)
                : events.ReadStreamAsync(response.ContentStream!, cancellationToken);
            await foreach (var update in reply)
            {
                yield return update;
            }
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static bool IsJson(PipelineResponse response) =>
        response.Headers.TryGetValue("Content-Type", out var type)
        && type!.TrimStart().StartsWith("application/json", StringComparison.OrdinalIgnoreCase);

    private static OpenAI.Chat.ChatMessage Convert(ChatMessage message) => message.Role switch
    {
        var role when role == ChatRole.System => new SystemChatMessage(message.Text),
        var role when role == ChatRole.User => new UserChatMessage(message.Text),
        var role when role == ChatRole.Assistant => new AssistantChatMessage(message.Text),
        var role => throw new NotSupportedException($"There is no message of the role {role}."),
    };

    private ChatCompletionOptions Convert(ChatOptions? options)
    {
        var converted = new ChatCompletionOptions { Temperature = options?.Temperature };
        if (!countsTokens)
        {
            // The package always adds the option that asks for the usage, and Patch is the only way to remove it. Patch
            // is "for evaluation purposes" (SCME0001); a test checks the request that is sent.
#pragma warning disable SCME0001
            converted.Patch.Remove("$.stream_options"u8);
#pragma warning restore SCME0001
        }

        return converted;
    }
}
