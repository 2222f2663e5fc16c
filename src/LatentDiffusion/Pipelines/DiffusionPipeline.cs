using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Generates images from text and, if a request has them, from images: text encoder, noise, scheduler and guided denoiser, autoencoder.
/// Safe for concurrent generations, each of which has its own state. Built by <see cref="DiffusionPipelineBuilder"/>.
/// </summary>
public sealed partial class DiffusionPipeline : IDisposable, IAsyncDisposable
{
    private readonly PipelineComponents _parts;
    private readonly PipelineCalls _calls;

    internal DiffusionPipeline(PipelineComponents parts) => (_parts, _calls) = (parts, new PipelineCalls(parts));

    /// <summary>The model that the pipeline loaded and owns; null if all components were given to the builder.</summary>
    public DiffusionModel? Model => _parts.OwnedModel;

    /// <summary>Encodes, denoises and decodes on the calling thread.</summary>
    private GenerationResult[] Run(GenerationContext generation, IProgress<GenerationProgress>? progress)
    {
        generation.ThrowIfStopped();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();

        var clock = Stopwatch.StartNew();
        (Conditioning Text, Conditioning? Negative)[] prompts = Encode(generation);
        using IDenoiserRun denoiser = _parts.Denoiser.Start(_parts.RunOptions);
        using var features = new FeatureRuns(generation, _parts);
        TimeSpan encoding = clock.Elapsed;

        generation.ThrowIfStopped();
        clock.Restart();
        IReadOnlyList<GenerationRequest> requests = generation.Requests;
        GenerationPass[][] images = GenerationPass.PlanPasses(requests, prompts, features, _parts, generation.Token);
        IReadOnlyList<Tensor> batches = Denoise(images, denoiser, progress, generation);
        TimeSpan denoising = clock.Elapsed;

        clock.Restart();
        Queue<ImageBuffer> decoded = Decode(batches, generation);
        var timings = new GenerationTimings(encoding, denoising, clock.Elapsed);
        return [.. requests.Select(Result)];

        GenerationResult Result(GenerationRequest request) =>
            new([.. Enumerable.Range(0, request.Count).Select(i => Image(request.ForImage(i)))], request, timings);

        GeneratedImage Image(GenerationRequest request) => new(decoded.Dequeue(), request, timings, _parts);
    }

    private (Conditioning Text, Conditioning? Negative)[] Encode(GenerationContext generation)
    {
        IReadOnlyList<GenerationRequest> requests = generation.Requests;
        bool withNegative = _parts.NeedsNegative(generation.Request);
        bool encodes = requests.Any(r => r.PromptEmbeds is null || (withNegative && r.NegativePromptEmbeds is null));
        using IDisposable loaded = _parts.Residency.Load(generation.Token, encodes ? [_parts.TextEncoder] : []);
        // One by one, so that the text of an image does not depend on other requests.
        (Conditioning Text, Conditioning? Negative)[] prompts =
            [.. requests.Select(r => RequestConditioning.Of(r, _parts.TextEncoder, withNegative, _parts.Device, generation.Token))];
        JoinedConditioning.Check([.. prompts.Select(p => p.Text)]);
        return prompts;
    }

    /// <summary>The latents of all images, in batches.</summary>
    private List<Tensor> Denoise(
        GenerationPass[][] images, IDenoiser denoiser, IProgress<GenerationProgress>? progress, GenerationContext generation)
    {
        var batches = new List<Tensor>();
        using IDisposable loaded = _parts.Residency.Load(generation.Token, _parts.Denoising);
        foreach (GenerationPass[][] batch in images.Chunk(_parts.Options.BatchSize))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor? latents = null;
            for (int pass = 0; pass < batch[0].Length; pass++)
                latents = Denoise([.. batch.Select(image => image[pass])], latents, denoiser, batches.Count, progress, generation);
            batches.Add(latents!.MoveToOuterDisposeScope());
        }

        return batches;
    }

    /// <summary>The denoising loop: the reverse process in one pass, for images that share their evaluations.</summary>
    /// <param name="images">The pass of each.</param>
    /// <param name="earlier">Their latents after the pass before; null in the first.</param>
    /// <param name="network">The denoiser without guidance and without what features add.</param>
    /// <param name="batch">Which batch of the generation they are.</param>
    /// <param name="progress">Receives each evaluation.</param>
    /// <param name="generation">The generation.</param>
    private Tensor Denoise(
        IReadOnlyList<GenerationPass> images, Tensor? earlier, IDenoiser network, int batch, IProgress<GenerationProgress>? progress,
        GenerationContext generation)
    {
        var pass = GenerationPass.Batch(images);
        using var noise = new ImageNoises(images);
        using ISchedulerRun run = _parts.Scheduler.Start(pass.Plan, noise.Batch);
        InitialLatents start = Start(images, earlier, run, noise);
        if (pass.Request.InitialImage is not null) generation.Finite.CheckStart(start);
        using var denoiser = new PassDenoiser(network, pass, run, Guide);
        var steps = new PassProgress(progress, run, pass, batch, _parts.Options.BatchSize, generation.Images);
        Tensor latents = start.Latents;
        while (!run.IsCompleted)
        {
            generation.ThrowIfStopped();
            double timestep = run.Timestep;
            using DisposeScope step = NewDisposeScope();
            Tensor prediction = denoiser.Predict(new DenoiserInput
            {
                Latents = run.ScaleModelInput(latents), Timesteps = [timestep], Conditioning = pass.Text,
                ConcatenatedLatents = start.ConcatenatedLatents, CancellationToken = generation.Token,
            }).ToModelOutput();
            if (progress is IStepObserver observer)
            {
                generation.ThrowIfStopped();
                observer.Observe(run, latents, prediction, generation.Token);
            }

            Tensor next = start.AfterStep(run.Step(prediction, latents), run);
            generation.Finite.CheckStep(next, prediction, pass.Text, run, timestep, secondPass: earlier is not null);
            next.MoveToOuterDisposeScope();
            latents.Dispose();
            latents = next;
            steps.Report(timestep);
        }

        return latents;

        GuidedDenoiser Guide(IDenoiser one, Conditioning? negative) => _parts.Guides(pass.Request)
            ? _parts.Guidance.Guide(one, negative, pass.Request.GuidanceScale!.Value)
            : GuidancePasses.Unguided(one);
    }

    /// <summary>The latents that a pass starts from: noise, an initial image's, or those of the pass before.</summary>
    private InitialLatents Start(IReadOnlyList<GenerationPass> images, Tensor? earlier, ISchedulerRun run, ImageNoises noise)
    {
        GenerationRequest request = images[0].Request;
        int factor = _parts.Autoencoder.DownsamplingFactor;
        long[] shape = [1, _parts.Autoencoder.LatentChannels, request.Height!.Value / factor, request.Width!.Value / factor];
        using Tensor like = empty(shape, device: _parts.Device);
        return InitialLatents.Batch([.. images.Select((image, i) => Source(image, i).Start(run, noise[i], like))]);

        LatentInitializer Source(GenerationPass image, int i) =>
            earlier is null ? image.Source : image.Source.Upscaled(earlier.narrow(0, i, 1), request, _parts);
    }

    private Queue<ImageBuffer> Decode(IReadOnlyList<Tensor> batches, GenerationContext generation)
    {
        var images = new Queue<ImageBuffer>(generation.Images);
        using IDisposable loaded = _parts.Residency.Load(generation.Token, _parts.Autoencoder);
        foreach (Tensor latents in batches)
        {
            generation.ThrowIfStopped();
            using DisposeScope scope = NewDisposeScope();
            Tensor pixels = _parts.Autoencoder.Decode(latents, generation.Token);
            generation.Finite.CheckImage(pixels);
            foreach (ImageBuffer image in ImageTensor.ToImages(pixels)) images.Enqueue(image);
        }

        return images;
    }
}
