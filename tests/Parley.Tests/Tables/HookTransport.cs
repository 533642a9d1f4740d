using System.Diagnostics.CodeAnalysis;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Parley.Tests.Tables;

/// <summary>Calls a hook instead of sending. The hook is given the number of the call, from 1, and may send.</summary>
internal sealed class HookTransport(Func<HookTransport.Call, Task> hook) : HttpPipelineTransport
{
    private int _calls;

    public int Calls => _calls;

    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Nothing here is synchronous.");

    public override async ValueTask ProcessAsync(HttpMessage message) =>
        await hook(new Call(message, Interlocked.Increment(ref _calls)));

    public sealed record Call(HttpMessage Message, int Number)
    {
        public Request Request => Message.Request;

        public string? Header(string name) => Request.Headers.TryGetValue(name, out var value) ? value : null;

        public async Task SendAsync() => await HttpClientTransport.Shared.ProcessAsync(Message);

        public void Answer(int status, string body = "", params (string Name, string Value)[] headers) =>
            Message.Response = new CannedResponse(status, body, headers);
    }

    private sealed class CannedResponse(int status, string body, (string Name, string Value)[] headers) : Response
    {
        public override int Status => status;

        public override string ReasonPhrase => string.Empty;

        public override Stream? ContentStream { get; set; } = new MemoryStream(Encoding.UTF8.GetBytes(body));

        public override string ClientRequestId { get; set; } = string.Empty;

        public override void Dispose()
        {
        }

        protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => headers.Select(header => new HttpHeader(header.Name, header.Value));

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = headers.FirstOrDefault(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)).Value;
            return value != null;
        }

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = TryGetHeader(name, out var value) ? [value] : null;
            return values != null;
        }
    }
}
