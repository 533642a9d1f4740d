using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Parley.Assistants.Providers;

/// <summary>
/// A server that speaks OpenAI's chat completions, as many do. Of a message only the role and the text are sent, as one string, and of the
/// options the model and the temperature: what the simplest of them understand. Asks once; how long it may take is for
/// <see cref="ProviderStream"/> to say. A failure that the server tells of is an <see cref="AssistantException"/>.
/// </summary>
public sealed class OpenAIChatClient : IChatClient
{
    /// <summary>A connection gets old, so that a provider that moves to another address is followed.</summary>
    private static readonly TimeSpan MaxConnectionAge = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A reply's end mark may still be on its way when nobody reads on. Waiting for it saves the connection; from a reply that was
    /// left in its middle so much more comes, and the connection is closed.
    /// </summary>
    private const int MaxDrainBytes = 4 * 1024;

    private static readonly TimeSpan MaxDrainTime = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient http;
    private readonly OpenAIClient client;
    private readonly OpenAIErrorText errorText;
    private readonly string model;

    /// <summary>A client of a server.</summary>
    /// <param name="endpoint">The address to which <c>/chat/completions</c> is appended.</param>
    /// <param name="key">Sent as <c>Authorization: Bearer</c>.</param>
    /// <param name="model">The model when the options have none.</param>
    /// <param name="time">For the dates in answers.</param>
    public OpenAIChatClient(Uri endpoint, string key, string model, TimeProvider time)
    {
        this.model = model;
        errorText = new OpenAIErrorText(key);
        var connections = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // The key is for this address.
            UseCookies = false,
            PooledConnectionLifetime = MaxConnectionAge,
            MaxResponseDrainSize = MaxDrainBytes,
            ResponseDrainTimeout = MaxDrainTime,
        };
        http = new HttpClient(new OpenAIErrorHandler(connections, errorText, time)) { Timeout = Timeout.InfiniteTimeSpan };
        client = new OpenAIClient(new ApiKeyCredential(key), new OpenAIClientOptions
        {
            Endpoint = endpoint,
            Transport = new HttpClientPipelineTransport(http),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0), // A second question may be paid for twice.
        });
    }

    /// <inheritdoc/>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var chat = client.GetChatClient(options?.ModelId ?? model);
        var answers = chat.CompleteChatStreamingAsync(messages.Select(Convert).ToList(), Convert(options), cancellationToken).GetRawPagesAsync();
        await foreach (var answer in answers.WithCancellation(cancellationToken)) // There is one.
        {
            using var response = answer.GetRawResponse();
            await foreach (var update in OpenAIEvents.ReadAsync(response.ContentStream!, errorText, cancellationToken))
            {
                yield return update;
            }
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static OpenAI.Chat.ChatMessage Convert(ChatMessage message) => message.Role switch
    {
        var role when role == ChatRole.System => new SystemChatMessage(message.Text),
        var role when role == ChatRole.User => new UserChatMessage(message.Text),
        var role when role == ChatRole.Assistant => new AssistantChatMessage(message.Text),
        var role => throw new NotSupportedException($"There is no message of the role {role}."),
    };

    private static ChatCompletionOptions Convert(ChatOptions? options)
    {
        var converted = new ChatCompletionOptions { Temperature = options?.Temperature };
#pragma warning disable SCME0001 // "For evaluation purposes": it is the only way to leave out what the package adds, and a test sees what is sent.
        converted.Patch.Remove("$.stream_options"u8); // Nobody reads the usage, and not every server knows how to be asked for it.
#pragma warning restore SCME0001
        return converted;
    }
}
