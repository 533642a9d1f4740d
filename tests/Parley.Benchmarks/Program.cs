using Parley.Benchmarks;
using Parley.Benchmarks.Cost;
using Parley.DevHost.Common;

const int Failed = 1, InvalidUsage = 2;

if (args is [KilledHost.Mode, ..])
{
    return await KilledHost.ServeAsync(args);
}

if (args is [CutMeasure.Mode, ..])
{
    return await CutMeasure.WriteAsync(args);
}

if (args is [CostCommand.Mode, ..])
{
    return await CostCommand.RunAsync(args);
}

if (BenchOptions.Parse(args, out var error) is not { } options)
{
    await Console.Error.WriteLineAsync($"dev bench: {error} See ./dev bench --help");
    return InvalidUsage;
}

if (options.ShowHelp)
{
    Console.WriteLine(BenchOptions.Help);
    return 0;
}

try
{
    Machine.Print();
    var allMet = true;
    foreach (var measure in options.Measures)
    {
        allMet &= await measure.RunAsync(options);
    }

    return allMet ? 0 : Failed;
}
catch (Exception e) when (e is HostStartException or BenchmarkException)
{
    await Console.Error.WriteLineAsync($"dev bench: {e.Message}");
    return Failed;
}
