using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// Rounds in which several threads call a pipeline in every way, while container, model, adapters, ControlNet and embeddings are
/// disposed in an order and at moments that follow from a seed.
/// </summary>
/// <param name="folder">A tiny model.</param>
/// <param name="lora">A patch for it.</param>
/// <param name="controlNet">A ControlNet for it.</param>
internal sealed class DisposalStress(string folder, string lora, string controlNet)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Types of the exceptions that calls ended in, with how many did; success among them.</summary>
    public ConcurrentDictionary<string, int> Endings { get; } = [];

    /// <summary>Runs a round.</summary>
    /// <exception cref="Exception">A call ended in an exception that is not documented.</exception>
    public async Task Round(int seed)
    {
        var random = new Random(seed);
        bool controlled = random.Next(2) == 0, guest = random.Next(2) == 0;
        DiffusionModel opened = DiffusionModel.Open(folder, CPU);
        var services = new ServiceCollection();
        DiffusionPipelineBuilder builder = services.AddLatentDiffusion();
        if (guest)
        {
            builder.UseTextEncoder(opened.TextEncoder).UseDenoiser(opened.Denoiser).UseAutoencoder(opened.Autoencoder)
                .UseScheduler(NoiseScheduler.FromConfig(opened.SchedulerConfig));
        }
        else
        {
            builder.UseModel(_ => opened);
        }

        if (controlled) builder.UseControlNet(controlNet);
        ServiceProvider provider = services.BuildServiceProvider();
        DiffusionPipeline pipeline = provider.GetRequiredService<DiffusionPipeline>();
        Conditioning prompt = pipeline.Encode(["a blue bird"]), negative = pipeline.EncodeUnconditional();
        var image = new ImageBuffer(16, 16, new byte[16 * 16 * 3]);
        GenerationRequest plain = new()
        {
            Prompt = "a drawing", Seed = 1, Steps = 30, Width = 16, Height = 16, ControlImages = controlled ? [image] : null,
        };
        GenerationRequest embedded = plain with { PromptEmbeds = prompt, NegativePromptEmbeds = negative };
        using Tensor latents = zeros(1, 4, 8, 8);
        Action[] calls =
        [
            () => pipeline.Generate(plain),
            () => pipeline.Generate(embedded),
            () => pipeline.GenerateAsync(embedded).GetAwaiter().GetResult(),
            () => Stream(pipeline, plain).GetAwaiter().GetResult(),
            () => pipeline.Encode(["a star"]).Dispose(),
            () => opened.Autoencoder.Decode(latents).Dispose(),
            () => opened.SetLoras((lora, 0.5)), () => pipeline.Generate(plain with { InitialImage = image, Strength = 0.5 }),
        ];
        Action[] ends =
        [
            opened.Dispose, opened.Components!.Dispose, provider.Dispose, pipeline.Dispose,
            () => pipeline.DisposeAsync().AsTask().GetAwaiter().GetResult(),
            prompt.Dispose, negative.Dispose,
            () => ((IDisposable)opened.Autoencoder).Dispose(),
            () => ((IDisposable)opened.TextEncoder).Dispose(),
            opened.Components!.UNet.Dispose,
        ];
        random.Shuffle(calls);
        random.Shuffle(ends);
        Task[] callers = [.. calls.Take(4).Select(call => Task.Run(() => Call(call)))];
        await Task.Delay(random.Next(12));
        foreach (Action end in ends.Take(random.Next(1, ends.Length + 1)))
        {
            await Task.Run(end).WaitAsync(s_patience);
            if (random.Next(2) == 0) await Task.Yield();
        }

        await Task.WhenAll(callers).WaitAsync(s_patience);
        foreach (Action end in ends) end();
    }

    private void Call(Action call)
    {
        string ending = "success";
        try
        {
            call();
        }
        catch (ObjectDisposedException e)
        {
            ending = e.GetType().Name;
        }

        Endings.AddOrUpdate(ending, 1, (_, count) => count + 1);
    }

    private static async Task Stream(DiffusionPipeline pipeline, GenerationRequest request)
    {
        await foreach (GenerationUpdate _ in pipeline.GenerateStreamingAsync(request))
        {
        }
    }
}
