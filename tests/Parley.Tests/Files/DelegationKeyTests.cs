using System.Web;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Moq;
using Parley.Core;
using Parley.Files;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Files;

/// <summary>
/// Links with identity-based access to storage. Azurite supports that only with TLS, so storage is a mock here, and the
/// signature is not verified.
/// </summary>
public sealed class DelegationKeyTests : IDisposable
{
    private static readonly ConversationKey Conversation = new(new TenantId(7), 42);
    private static readonly StoredFile File = new(new Guid("00112233-4455-4677-8899-aabbccddeeff"), "a.pdf", "document", "application/pdf", 1);

    private readonly VirtualTime time = new();
    private readonly Mock<BlobServiceClient> service = new();
    private readonly FileStore files;
    private Func<DateTimeOffset, Task<Response<UserDelegationKey>>> answer;
    private int requests;

    public DelegationKeyTests()
    {
        answer = expiresOn => Task.FromResult(Key(expiresOn));
        service.Setup(client => client.GetBlobContainerClient("files"))
            .Returns(new BlobContainerClient(new Uri("https://parley.blob.core.windows.net/files")));
        service.Setup(client => client.GetUserDelegationKeyAsync(null, It.IsAny<DateTimeOffset>(), It.IsAny<CancellationToken>()))
            .Returns((DateTimeOffset? _, DateTimeOffset expiresOn, CancellationToken _) =>
            {
                Interlocked.Increment(ref requests);
                return answer(expiresOn);
            });
        files = new FileStore(service.Object, time, new RandomSource(1));
    }

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_link_is_signed_with_the_key_for_one_blob_to_be_read_within_the_hour()
    {
        var link = (await LinksAsync()).Of(Conversation, File);

        Assert.Equal("https://parley.blob.core.windows.net/files/00000007/0000000042/00112233445546778899aabbccddeeff", link.GetLeftPart(UriPartial.Path));
        var query = HttpUtility.ParseQueryString(link.Query);
        Assert.Equal(("r", "b", "https", "2026-03-01T13:00:00Z", null), (query["sp"], query["sr"], query["spr"], query["se"], query["st"]));
        Assert.Equal(("object", "tenant", "2026-03-02T00:00:00Z"), (query["skoid"], query["sktid"], query["ske"]));
        Assert.Equal(32, Convert.FromBase64String(query["sig"]!).Length);
    }

    [Fact]
    public async Task A_key_is_kept_until_half_of_its_time_is_left()
    {
        await LinksAsync();
        time.Advance(TimeSpan.FromHours(6));
        await LinksAsync();
        Assert.Equal(1, requests);

        time.Advance(TimeSpan.FromTicks(1));
        await LinksAsync();
        await LinksAsync();
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task No_link_outlasts_its_key()
    {
        for (var minutes = 0; minutes < 3 * 24 * 60; minutes += 7)
        {
            var links = await LinksAsync();
            var key = HttpUtility.ParseQueryString(links.Of(Conversation, File).Query)["ske"]!;
            Assert.True(links.ExpiresOn + TimeSpan.FromHours(1) < DateTimeOffset.Parse(key, System.Globalization.CultureInfo.InvariantCulture));
            time.Advance(TimeSpan.FromMinutes(7));
        }
    }

    [Fact]
    public async Task Concurrent_callers_share_one_key()
    {
        var arrived = new TaskCompletionSource<Response<UserDelegationKey>>(TaskCreationOptions.RunContinuationsAsynchronously);
        answer = _ => arrived.Task;
        var waiting = Enumerable.Range(0, 20).Select(_ => Task.Run(LinksAsync)).ToArray();
        await Task.Yield();
        arrived.SetResult(Key(time.GetUtcNow() + TimeSpan.FromHours(12)));

        Assert.Single((await Task.WhenAll(waiting)).Select(links => links.Of(Conversation, File)).Distinct());
        Assert.Equal(1, requests);
    }

    [Fact]
    public async Task After_a_failure_the_next_caller_requests_a_key_again()
    {
        answer = _ => Task.FromException<Response<UserDelegationKey>>(new RequestFailedException(503, "busy"));
        await Assert.ThrowsAsync<RequestFailedException>(LinksAsync);
        answer = expiresOn => Task.FromResult(Key(expiresOn));

        await LinksAsync();
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task A_waiter_that_gives_up_leaves_the_others_alone()
    {
        var arrived = new TaskCompletionSource<Response<UserDelegationKey>>(TaskCreationOptions.RunContinuationsAsynchronously);
        answer = _ => arrived.Task;
        var first = LinksAsync();
        using var ended = new CancellationTokenSource();
        var second = files.LinksAsync(ended.Token).AsTask();
        await ended.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        arrived.SetResult(Key(time.GetUtcNow() + TimeSpan.FromHours(12)));
        await first;
        await LinksAsync();
        Assert.Equal(1, requests);
    }

    private Task<FileLinks> LinksAsync() => files.LinksAsync(CancellationToken.None).AsTask();

    private Response<UserDelegationKey> Key(DateTimeOffset expiresOn) => Response.FromValue(
        BlobsModelFactory.UserDelegationKey("object", "tenant", "b", "2023-01-03", Convert.ToBase64String(new byte[32]), expiresOn, time.GetUtcNow()),
        Mock.Of<Response>());
}
