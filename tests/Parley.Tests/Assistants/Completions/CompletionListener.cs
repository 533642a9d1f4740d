using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Functions.Api.MaiAgent;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// A client that reads the stream of a completion as the app writes it. It checks that each event is stored before it
/// is shown, in order, and of one attempt.
/// </summary>
/// <param name="log">The stored state to compare with.</param>
/// <param name="completion">The completion when the stream begins.</param>
/// <param name="after">The number of the last event that the client has received.</param>
internal sealed class CompletionListener(CompletionLog log, Completion completion, int after)
{
    private static readonly Dictionary<string, CompletionError> Errors = Enum.GetValues<CompletionError>().ToDictionary(error => error.Code().Code);
    private readonly StringBuilder text = new();

    public MessageKey Completion => completion.Key;

    /// <summary>The number of the last event that was shown, or from which the client resumed.</summary>
    public int Last { get; private set; } = after;

    /// <summary>True after the final event.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The reason why the reply is incomplete.</summary>
    public CompletionError? Error { get; private set; }

    public string Text => text.ToString();

    /// <summary>Reads the stream to its end.</summary>
    public async Task ListenAsync(Func<IAsyncEnumerable<Completion>> states, Func<Task> end, TimeProvider time)
    {
        var context = new DefaultHttpContext { Response = { Body = new Body(Show) } };
        await new CompletionStream(completion, states, end, Last, CompletionForms.All.Parley.Event, time) { Location = "/completions" }.ExecuteAsync(context);
    }

    private void Show(string sent)
    {
        foreach (var one in sent.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(one => !one.StartsWith(':')))
        {
            var lines = one.Split('\n');
            using var data = JsonDocument.Parse(lines[1]["data: ".Length..]);
            Show(int.Parse(lines[0].AsSpan("id: ".Length), System.Globalization.CultureInfo.InvariantCulture), data.RootElement);
        }
    }

    private void Show(int number, JsonElement data)
    {
        log.Require(!IsDone, $"Event {number} of {completion.Key} came after the end.");
        var stored = log.EventOf(completion.Key, number);
        if (data.TryGetProperty("error", out var error))
        {
            (IsDone, Error) = (true, Errors[error.GetProperty("code").GetString()!]);
            var isSuperseded = Error == CompletionError.Interrupted && log.Attempts(completion.Key) > 1;
            log.Require(isSuperseded || stored == new CompletionEvent(null, Error), $"Shown as the end, {number}, of {completion.Key}: {Error}; stored: {stored}.");
        }
        else if (data.GetProperty("done").GetBoolean())
        {
            IsDone = true;
            log.Require(stored == new CompletionEvent(null, null), $"Shown as the end, {number}, of {completion.Key}; stored: {stored}.");
        }
        else
        {
            var part = data.GetProperty("content").GetString()!;
            text.Append(part);
            log.Require(
                stored?.Text is { } there && (part == there || part.Length == 0 && log.IsForgotten(completion.Key)), $"Shown as event {number} of {completion.Key}: “{part}”; stored: {stored}.");
            var isNext = number == Last + 1 || log.IsFirstEvent(completion.Key, number) && (Last == 0 || log.EventOf(completion.Key, Last) is { Text: null });
            log.Require(isNext, $"Event {number} of {completion.Key} was shown after {Last}.");
        }

        Last = number;
    }

    /// <summary>A response body that passes each write to the listener.</summary>
    private sealed class Body(Action<string> show) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => throw new NotSupportedException();

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            show(Encoding.UTF8.GetString(buffer.Span));
            return ValueTask.CompletedTask;
        }

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
