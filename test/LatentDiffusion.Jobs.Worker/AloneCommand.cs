namespace LatentDiffusion.Jobs.Worker;

/// <summary>Generates the images of jobs with a bare pipeline, one after the other.</summary>
internal static class AloneCommand
{
    public static async Task RunAsync(string folder, int count, int steps)
    {
        TorchSharp.torch.set_num_threads(1);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            GenerationResult result = await pipeline.GenerateAsync(WorkedJobs.Create(i, steps).Request);
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{i}.png"), result.Images[0].Encode(timings: false));
        }
    }
}
