using System.Security.Cryptography;

namespace Parley.DevHost.Common;

/// <summary>Ids of workers, requests and invocations: 128 random bits that nobody can guess.</summary>
internal static class RandomId
{
    public static string New() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
