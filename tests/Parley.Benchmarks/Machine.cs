using System.Reflection;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Parley.Benchmarks;

/// <summary>Describes the machine on which the figures were measured.</summary>
internal static class Machine
{
    public static void Print()
    {
        Console.WriteLine($"{Environment.ProcessorCount} cores, {RuntimeInformation.OSArchitecture}, {RuntimeInformation.FrameworkDescription}, "
            + $"{(GCSettings.IsServerGC ? "server" : "workstation")} GC, {Configuration} build.");
        Console.WriteLine("Parley and the client run in one process and storage (in memory) in another; they share the cores.");
    }

    private static string Configuration =>
        typeof(Machine).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
}
