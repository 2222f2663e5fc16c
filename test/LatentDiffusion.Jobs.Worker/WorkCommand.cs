using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>A worker, until it is killed or its input ends. For each line of the input it writes how long its generations took.</summary>
internal static class WorkCommand
{
    public const string Ready = "ready";

    public static async Task RunAsync(QueueLocation location)
    {
        // Workers of one machine do not compete for its cores, and all of them give the same bytes.
        TorchSharp.torch.set_num_threads(1);
        using var times = new GenerationTimes();
        using IHost host = await location.StartAsync(runsJobs: true);
        Console.WriteLine(Ready);
        while (await Console.In.ReadLineAsync() is not null) Console.WriteLine(times.Text());
        await host.StopAsync();
    }
}
