using System.Security.Cryptography;

namespace Parley.DevHost.Common;

/// <summary>
/// Creates ids of workers, requests and invocations: 128 random bits, so that other processes cannot guess them.
/// </summary>
internal static class RandomId
{
    public static string New() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
