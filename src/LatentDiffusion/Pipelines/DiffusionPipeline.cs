using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Generates images from text and, if a request has them, from images: text encoder, noise, scheduler and guided denoiser, autoencoder.
/// Safe for concurrent generations, each of which has its own state. Built by <see cref="DiffusionPipelineBuilder"/>.
/// </summary>
/// <example>
/// <code><![CDATA[
/// using LatentDiffusion;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
/// using CancellationTokenSource timeout = new(TimeSpan.FromMinutes(1));
/// Progress<GenerationProgress> progress = new(p => Console.WriteLine($"{p.CompletedSteps} of {p.TotalSteps}"));
/// GenerationRequest request = new() { Prompt = "a red dragon", Seed = 42 };
/// GenerationResult result = await pipeline.GenerateAsync(request, progress, timeout.Token);
/// result.Images[0].SavePng("dragon.png");
/// ]]></code>
/// </example>
public sealed partial class DiffusionPipeline : IDisposable, IAsyncDisposable
{
    private readonly PipelineComponents _components;
    private readonly PipelineCalls _calls;

    internal DiffusionPipeline(PipelineComponents components) => (_components, _calls) = (components, new PipelineCalls(components));

    /// <summary>The model that the pipeline loaded and owns; null if all components were given to the builder.</summary>
    public DiffusionModel? Model => _components.OwnedModel;

    /// <summary>Encodes, denoises and decodes on the calling thread.</summary>
    private GenerationResult[] Run(GenerationContext generation, IProgress<GenerationProgress>? progress)
    {
        generation.ThrowIfStopped();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();

        var clock = Stopwatch.StartNew();
        EncodedPrompts[] prompts = Encode(generation);
        using IDenoiserRun denoiser = _components.Denoiser.Start(_components.RunOptions);
        using var features = new FeatureRuns(generation, _components);
        TimeSpan encoding = clock.Elapsed;

        generation.ThrowIfStopped();
        clock.Restart();
        IReadOnlyList<GenerationRequest> requests = generation.Requests;
        RepaintedArea?[] areas = [.. requests.Select(RepaintedArea.FromRequest)];
        GenerationRequest[] inner = [.. requests.Select((request, i) => areas[i]?.Inner ?? request)];
        GenerationPass[][] passes = GenerationPass.PlanPasses(
            inner, prompts, features, generation.Components, generation.Token);
        using var batches = new DenoisedBatches();
        Denoise(passes, denoiser, batches, progress, generation);
        TimeSpan denoising = clock.Elapsed;

        clock.Restart();
        Queue<ImageBuffer> decoded = Decode(batches, generation);
        ImageBuffer[][] images = [.. requests.Select((request, i) => Blended(request, areas[i]))];
        TimeSpan decoding = clock.Elapsed;

        clock.Restart();
        images = [.. images.Select((ofRequest, i) => ofRequest.Select(image => features.Finish(image, i)).ToArray())];
        var timings = new GenerationTimings(encoding, denoising, decoding) { Upscaling = clock.Elapsed };
        return [.. requests.Select(Result)];

        ImageBuffer[] Blended(GenerationRequest request, RepaintedArea? area) =>
            [.. Enumerable.Range(0, request.ImageCount).Select(_ => area is null ? decoded.Dequeue() : area.Blend(decoded.Dequeue()))];

        GenerationResult Result(GenerationRequest request, int index) =>
            new([.. images[index].Select((image, i) => Image(image, request.ForImage(i)))], request, timings);

        GeneratedImage Image(ImageBuffer image, GenerationRequest request) =>
            new(image, request, timings, generation.Components);
    }

    private EncodedPrompts[] Encode(GenerationContext generation)
    {
        IReadOnlyList<GenerationRequest> requests = generation.Requests;
        bool withNegative = _components.NeedsNegative(generation.Request);
        bool encodes = requests.Any(r => r.PromptEmbeds is null || (withNegative && r.NegativePromptEmbeds is null));
        using IDisposable loaded = _components.Offloader.Load(generation.Token, encodes ? [_components.TextEncoder] : []);
        // One by one, so that the text of an image does not depend on other requests.
        EncodedPrompts[] prompts =
            [.. requests.Select(r => RequestConditioning.Encode(
                r, _components, RequestTextEncoder.For(r, _components.TextEncoder), withNegative, _components.Device, generation.Token))];
        JoinedConditioning.Check([.. prompts.Select(p => p.Text)]);
        return prompts;
    }

    /// <summary>Denoises all images, in batches.</summary>
    private void Denoise(
        GenerationPass[][] images, IDenoiser denoiser, DenoisedBatches batches, IProgress<GenerationProgress>? progress,
        GenerationContext generation)
    {
        using IDisposable loaded = _components.Offloader.Load(generation.Token, _components.Denoising);
        IReadOnlyList<IReadOnlyList<GenerationPass[]>> groups = GenerationPass.Batches(images, _components);
        int first = 0;
        foreach (IReadOnlyList<GenerationPass[]> batch in groups)
        {
            var position = new PassProgress.Batch(batches.Count, groups.Count, first);
            first += batch.Count;
            batches.Add(Denoise(batch, denoiser, position, progress, generation));
        }
    }

    /// <summary>All passes of images that share their evaluations.</summary>
    private DenoisedBatch Denoise(
        IReadOnlyList<GenerationPass[]> batch, IDenoiser denoiser, PassProgress.Batch position, IProgress<GenerationProgress>? progress,
        GenerationContext generation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? latents = null;
        ImageNoises? noise = null;
        try
        {
            GenerationPass[] images = [];
            for (int pass = 0; pass < batch[0].Length; pass++)
            {
                images = [.. batch.Select(image => image[pass])];
                noise?.Dispose();
                noise = new ImageNoises(images);
                latents = Denoise(images, latents, denoiser, noise, position, progress, generation);
            }

            return new DenoisedBatch(latents!.MoveToOuterDisposeScope(), images, noise!);
        }
        catch
        {
            noise?.Dispose();
            throw;
        }
    }

    /// <summary>The denoising loop: the reverse process in one pass, for images that share their evaluations.</summary>
    /// <param name="images">The pass of each.</param>
    /// <param name="earlier">Their latents after the pass before; null in the first.</param>
    /// <param name="network">The denoiser without guidance and without what features add.</param>
    /// <param name="noise">Their noise.</param>
    /// <param name="batch">Their batch.</param>
    /// <param name="progress">Receives each evaluation.</param>
    /// <param name="generation">The generation.</param>
    private Tensor Denoise(
        IReadOnlyList<GenerationPass> images, Tensor? earlier, IDenoiser network, ImageNoises noise, PassProgress.Batch batch,
        IProgress<GenerationProgress>? progress, GenerationContext generation)
    {
        var pass = GenerationPass.Batch(images);
        using ISchedulerRun run = generation.Components.Scheduler.Start(pass.Plan, noise.Batch);
        InitialLatents start = Start(images, earlier, run, noise);
        if (pass.Request.InitialImage is not null) generation.Finite.CheckStart(start);
        using var denoiser = new PassDenoiser(network, pass, run, Guide);
        var steps = new PassProgress(progress, run, pass, batch);
        Tensor latents = start.Latents;
        while (!run.IsCompleted)
        {
            generation.ThrowIfStopped();
            double timestep = run.Timestep;
            using DisposeScope step = NewDisposeScope();
            Tensor prediction = denoiser.Predict(new DenoiserInput
            {
                Latents = run.ScaleModelInput(latents), Timesteps = [timestep], Conditioning = pass.Text,
                ConcatenatedLatents = start.ConcatenatedLatents, Progress = Passed(run),
                CancellationToken = generation.Token,
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

        GuidedDenoiser Guide(IDenoiser one, Conditioning? negative) => _components.Guides(pass.Request)
            ? _components.Guidance.Guide(one, negative, pass.Request.GuidanceScale!.Value)
            : GuidancePasses.Unguided(one);

        static double Passed(ISchedulerRun run)
        {
            int begin = run.Plan.BeginIndex;
            return (double)(run.StepIndex - begin) / run.Plan.Evaluations;
        }
    }

    /// <summary>The latents that a pass starts from: noise, an initial image's, or those of the pass before.</summary>
    private InitialLatents Start(IReadOnlyList<GenerationPass> images, Tensor? earlier, ISchedulerRun run, ImageNoises noise)
    {
        GenerationRequest request = images[0].Request;
        int factor = _components.Autoencoder.DownsamplingFactor;
        long[] shape = [1, _components.Autoencoder.LatentChannels, request.Height!.Value / factor, request.Width!.Value / factor];
        using Tensor like = empty(shape, device: _components.Device);
        return InitialLatents.Batch([.. images.Select((image, i) => Source(image, i).Start(run, noise[i], like))]);

        LatentInitializer Source(GenerationPass image, int i) =>
            earlier is null ? image.Source : image.Source.Upscaled(image.Enlarge(earlier.narrow(0, i, 1), factor));
    }

    private Queue<ImageBuffer> Decode(DenoisedBatches batches, GenerationContext generation)
    {
        var images = new Queue<ImageBuffer>(generation.Images);
        using IDisposable loaded = _components.Offloader.Load(generation.Token, _components.Autoencoder);
        foreach (DenoisedBatch batch in batches)
        {
            generation.ThrowIfStopped();
            using DisposeScope scope = NewDisposeScope();
            Tensor pixels = batch.Decode(_components, generation.Token);
            generation.Finite.CheckImage(pixels);
            foreach (ImageBuffer image in ImageTensor.ToImages(pixels)) images.Enqueue(image);
        }

        return images;
    }
}
