using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>
/// A bare pipeline that generates and encodes as many images as each line of its input says, and then writes how many milliseconds that
/// took.
/// </summary>
internal static class BareCommand
{
    public static async Task RunAsync(int warmUps)
    {
        TorchSharp.torch.set_num_threads(1);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
        await GenerateAsync(pipeline, warmUps);
        Console.WriteLine(WorkCommand.Ready);
        while (await Console.In.ReadLineAsync() is { } count)
        {
            var clock = Stopwatch.StartNew();
            await GenerateAsync(pipeline, int.Parse(count, CultureInfo.InvariantCulture));
            Console.WriteLine(clock.Elapsed.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture));
        }
    }

    private static async Task GenerateAsync(DiffusionPipeline pipeline, int count)
    {
        for (int i = 0; i < count; i++)
        {
            GenerationResult result = await pipeline.GenerateAsync(WorkedJobs.Create(i).Request);
            result.Images[0].Encode(timings: false);
        }
    }
}
