using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Jobs.Worker;

/// <summary>Generates the images of jobs with a bare pipeline, one after the other.</summary>
internal static class AloneCommand
{
    public static async Task RunAsync(string folder, int count, int steps, int warmUps)
    {
        TorchSharp.torch.set_num_threads(1);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
        for (int i = 0; i < warmUps; i++) await pipeline.GenerateAsync(WorkedJobs.Create(i, steps).Request);
        Directory.CreateDirectory(folder);
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            GenerationResult result = await pipeline.GenerateAsync(WorkedJobs.Create(i, steps).Request);
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{i}.png"), result.Images[0].Encode(timings: false));
        }

        Console.WriteLine((clock.Elapsed.TotalMilliseconds / count).ToString("F2", CultureInfo.InvariantCulture));
    }
}
