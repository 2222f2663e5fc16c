using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>A worker, until it is killed or its input ends.</summary>
internal static class WorkCommand
{
    public const string Ready = "ready";

    public static async Task RunAsync(QueueLocation location)
    {
        // Workers of one machine do not compete for its cores, and all of them give the same bytes.
        TorchSharp.torch.set_num_threads(1);
        using IHost host = await location.StartAsync(runsJobs: true);
        Console.WriteLine(Ready);
        await Console.In.ReadToEndAsync();
        await host.StopAsync();
    }
}
