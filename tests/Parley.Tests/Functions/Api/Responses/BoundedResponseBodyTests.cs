using Parley.Functions.Api.Responses;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Functions.Api.Responses;

/// <summary>A client that stops reading does not keep its handler.</summary>
public sealed class BoundedResponseBodyTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly VirtualTime time = new();
    private readonly Connection connection = new();
    private int aborted;

    [Fact]
    public async Task A_reader_that_keeps_up_gets_everything_in_parts()
    {
        var body = Body();
        await body.WriteAsync(new byte[150_000]);
        await body.FlushAsync();
        time.Advance(TimeSpan.FromDays(1));

        Assert.Equal([65_536, 65_536, 18_928], connection.Parts);
        Assert.Equal(0, aborted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reader_that_stops_is_cut_off(bool isFlush)
    {
        var body = Body();
        connection.IsFull = true;
        var waiting = isFlush ? body.FlushAsync() : body.WriteAsync(new byte[10]).AsTask();
        time.Advance(BoundedResponseBody.MaxWait - Moment);
        Assert.Equal((false, 0), (waiting.IsCompleted, aborted));

        time.Advance(Moment);
        await Assert.ThrowsAsync<ReaderStalledException>(() => waiting);
        Assert.Equal(1, aborted);
    }

    [Fact]
    public async Task A_client_that_disconnects_is_no_stalled_reader()
    {
        connection.IsFull = true;
        using var gone = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        var waiting = Body().WriteAsync(new byte[10], gone.Token).AsTask();
        time.Advance(TimeSpan.FromSeconds(5));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, aborted);
    }

    public void Dispose() => connection.Dispose();

    private BoundedResponseBody Body() => new(connection, () => aborted++, time);

    /// <summary>A connection whose buffers may be full.</summary>
    private sealed class Connection : MemoryStream
    {
        public bool IsFull { get; set; }

        public List<int> Parts { get; } = [];

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await FlushAsync(cancellationToken);
            Parts.Add(buffer.Length);
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            if (!IsFull)
            {
                return Task.CompletedTask;
            }

            var full = new TaskCompletionSource();
            cancellationToken.Register(() => full.TrySetCanceled(cancellationToken));
            return full.Task;
        }
    }
}
