using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Moq;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Storage;

/// <summary>
/// The packages report an incomplete response differently; Parley must treat each of them as an unknown outcome.
/// </summary>
public class TransactionsTests
{
    private static readonly TableTransactionAction[] Actions =
    [
        new(TableTransactionActionType.Add, new TableEntity("p", "a")),
        new(TableTransactionActionType.Add, new TableEntity("p", "b")),
    ];

    [Fact]
    public async Task A_complete_response_is_passed_on()
    {
        var parts = new[] { Mock.Of<Response>(), Mock.Of<Response>() };

        Assert.Same(parts, await Table(parts).SubmitAsync(Actions, CancellationToken.None));
    }

    [Fact]
    public async Task A_short_response_is_an_unknown_outcome() => await AssertUnknownAsync(Table([Mock.Of<Response>()]));

    [Fact]
    public async Task An_unreadable_response_is_an_unknown_outcome()
    {
        await AssertUnknownAsync(Table(new InvalidOperationException("Expected an HTTP status line")));
        await AssertUnknownAsync(Table(new JsonException()));
    }

    [Fact]
    public async Task A_refusal_is_passed_on() =>
        await Assert.ThrowsAsync<RequestFailedException>(() => Table(new RequestFailedException(412, "")).SubmitAsync(Actions, CancellationToken.None));

    private static async Task AssertUnknownAsync(TableClient table)
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => table.SubmitAsync(Actions, CancellationToken.None));
        Assert.True(StorageErrors.IsOutcomeUnknown(failure, CancellationToken.None));
    }

    private static TableClient Table(IReadOnlyList<Response> parts)
    {
        var table = new Mock<TableClient>();
        table.Setup(client => client.SubmitTransactionAsync(Actions, It.IsAny<CancellationToken>()))
            .ReturnsAsync(Response.FromValue(parts, Mock.Of<Response>()));
        return table.Object;
    }

    private static TableClient Table(Exception failure)
    {
        var table = new Mock<TableClient>();
        table.Setup(client => client.SubmitTransactionAsync(Actions, It.IsAny<CancellationToken>())).ThrowsAsync(failure);
        return table.Object;
    }
}
