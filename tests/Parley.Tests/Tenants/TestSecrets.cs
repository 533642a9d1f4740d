using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Storage.Secrets;

namespace Parley.Tests.Tenants;

/// <summary>Keys that seal secrets in tests.</summary>
internal static class TestSecrets
{
    /// <summary>Writes plain text and opens nothing sealed, as without settings.</summary>
    public static SecretSealer NoKey { get; } = Sealer();

    /// <summary>A sealer with a key for each id. A key depends only on its id.</summary>
    public static SecretSealer Sealer(params string[] ids) => new(SecretOptions.Read(Settings(ids)), new RandomSource(5));

    /// <summary>The settings of keys, in their order.</summary>
    public static IConfiguration Settings(params string[] ids) => new ConfigurationBuilder()
        .AddInMemoryCollection(ids.SelectMany((id, i) => new[]
        {
            KeyValuePair.Create<string, string?>($"Secrets:Keys:{i}:Id", id),
            KeyValuePair.Create<string, string?>($"Secrets:Keys:{i}:Key", KeyOf(id)),
        }))
        .Build();

    /// <summary>The same settings with secrets written as plain text.</summary>
    public static IConfiguration PlainSettings(params string[] ids) => new ConfigurationBuilder()
        .AddConfiguration(Settings(ids))
        .AddInMemoryCollection([KeyValuePair.Create<string, string?>(SecretOptions.WriteSetting, "plain")])
        .Build();

    private static string KeyOf(string id) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
}
