using Parley.Testing;

namespace Parley.Tests.Tenants.Tokens;

/// <summary>Waits for work that needs the virtual time to pass.</summary>
internal static class AdvancingTime
{
    private static readonly TimeSpan RealStep = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    public static async Task<T> Advancing<T>(this Task<T> work, VirtualTime time)
    {
        while (!work.IsCompleted)
        {
            time.Advance(Step);
            await Task.WhenAny(work, Task.Delay(RealStep, TimeProvider.System));
        }

        return await work;
    }
}
