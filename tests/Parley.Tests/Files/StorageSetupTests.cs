using Microsoft.Extensions.Configuration;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Files;

public sealed class StorageSetupTests(AzuriteFixture storage) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData("accountName", "parley", "https://parley.table.core.windows.net/", "https://parley.blob.core.windows.net/")]
    [InlineData("tableServiceUri", "https://tables.example/", "https://tables.example/", null)]
    [InlineData("blobServiceUri", "https://blobs.example/", null, "https://blobs.example/")]
    public void An_identity_reaches_what_the_settings_name(string setting, string value, string? tables, string? blobs)
    {
        var configuration = Configuration(($"AzureWebJobsStorage:{setting}", value));

        Assert.Equal(tables, UriOf(() => StorageSetup.Connect(configuration, StorageSetup.ClientOptions()).Uri));
        Assert.Equal(blobs, UriOf(() => StorageSetup.ConnectBlobs(configuration).Uri));
    }

    [Fact]
    public void Only_a_connection_string_signs_by_itself()
    {
        Assert.True(StorageSetup.ConnectBlobs(Configuration(("AzureWebJobsStorage", storage.ConnectionString))).CanGenerateAccountSasUri);
        Assert.False(StorageSetup.ConnectBlobs(Configuration(("AzureWebJobsStorage:accountName", "parley"))).CanGenerateAccountSasUri);
    }

    [Fact]
    public async Task Starting_creates_the_tables_and_the_container_and_may_be_repeated()
    {
        var configuration = Configuration(("AzureWebJobsStorage", storage.ConnectionString));
        var blobs = StorageSetup.ConnectBlobs(configuration);
        using var files = new FileStore(blobs, TimeProvider.System, new Entropy());
        var setup = new StorageSetup(new ParleyTables(StorageSetup.Connect(configuration, StorageSetup.ClientOptions())), files);

        await setup.StartAsync(CancellationToken.None);
        await setup.StartAsync(CancellationToken.None);

        Assert.True(await blobs.GetBlobContainerClient("files").ExistsAsync());
    }

    private static IConfiguration Configuration(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value))
        .Build();

    /// <summary>Null when there is no such setting.</summary>
    private static string? UriOf(Func<Uri> connect)
    {
        try
        {
            return connect().AbsoluteUri;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
