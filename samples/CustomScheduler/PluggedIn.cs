using LatentDiffusion;
using LatentDiffusion.Samples;
using LatentDiffusion.Schedulers;
using Microsoft.Extensions.DependencyInjection;

namespace CustomScheduler;

/// <summary>The scheduler in a pipeline, by way of the builder and by way of a container.</summary>
internal static class PluggedIn
{
    private const string Built = "builder.png", Contained = "container.png";

    public static async Task Draw(string prompt)
    {
        foreach (string file in (string[])[Built, Contained]) OutputPath.RequireImage(file);
        GenerationRequest request = new() { Prompt = prompt, Seed = 1 };

        // Handed to the builder, over the model's own training schedule.
        using DiffusionPipeline built = new DiffusionPipelineBuilder()
            .UseDrawingsModel()
            .UseLoggerFactory(new WarningsToConsole())
            .UseScheduler(model => new LogSnrScheduler(model.ToNoiseSchedule().AlphasCumprod, PredictionType.Velocity))
            .Build();
        Save(await built.GenerateAsync(request), Built);

        // Registered in a container, where it takes the place of the model's own.
        ServiceCollection services = new();
        NoiseSchedule schedule = NoiseSchedule.ScaledLinear().WithZeroTerminalSnr();
        services.AddSingleton<INoiseScheduler>(new LogSnrScheduler(schedule.AlphasCumprod, PredictionType.Velocity));
        services.AddLatentDiffusion().UseDrawingsModel();
        await using ServiceProvider provider = services.BuildServiceProvider();
        Save(await provider.GetRequiredService<DiffusionPipeline>().GenerateAsync(request), Contained);
    }

    private static void Save(GenerationResult result, string file)
    {
        result.Images[0].Save(file);
        Console.WriteLine(Path.GetFullPath(file));
    }
}
