using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Text, and pictures where a request has some, to pictures: prompt, text encoder, noise, scheduler and guided denoiser,
/// autoencoder. Safe for concurrent generations, each of which has its state to itself; made by
/// <see cref="DiffusionPipelineBuilder"/>.
/// </summary>
public sealed partial class DiffusionPipeline : IDisposable
{
    private readonly PipelineParts _parts;

    internal DiffusionPipeline(PipelineParts parts) => _parts = parts;

    /// <summary>The model that the pipeline loaded, and owns; null where all parts were handed in.</summary>
    public DiffusionModel? Model => _parts.OwnedModel;

    /// <summary>The work itself.</summary>
    private GenerationResult Run(RunningGeneration generation, IProgress<GenerationProgress>? progress)
    {
        generation.ThrowIfOver();
        (GenerationRequest request, CancellationToken cancellationToken) = (generation.Request, generation.Token);
        var pictures = new List<ImageBuffer>(request.Count);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();

        var clock = Stopwatch.StartNew();
        bool guided = _parts.Guides(request);
        (Conditioning text, Conditioning? negative) = Encode(request, _parts.NeedsNegative(request), cancellationToken);
        using IDenoiserRun? caching = (_parts.Denoiser as ICachingDenoiser)?.Start(cancellationToken);
        IDenoiser plain = caching ?? _parts.Denoiser;
        using Refinement? refinement = Refine(request, withNegative: negative is not null, cancellationToken);
        TimeSpan encoding = clock.Elapsed;

        generation.ThrowIfOver();
        clock.Restart();
        GenerationPass[] passes = GenerationPass.Of(request, text, negative, refinement, _parts, cancellationToken);
        var batches = new List<Tensor>();
        using (_parts.Residency.Bring(cancellationToken, _parts.Denoising))
        {
            for (int first = 0; first < request.Count; first += _parts.Options.ImagesPerEvaluation)
            {
                int count = Math.Min(_parts.Options.ImagesPerEvaluation, request.Count - first);
                using DisposeScope batch = NewDisposeScope();
                Tensor latents = Denoise(passes[0], passes[0].Source, plain, guided, first, count, progress, generation);
                foreach (GenerationPass pass in passes.Skip(1))
                    latents = Denoise(pass, pass.Source.Enlarged(latents, pass.Request, _parts), plain, guided, first, count, progress, generation);
                batches.Add(latents.MoveToOuterDisposeScope());
            }
        }

        TimeSpan denoising = clock.Elapsed;
        clock.Restart();
        using (_parts.Residency.Bring(cancellationToken, _parts.Autoencoder))
        {
            foreach (Tensor latents in batches)
            {
                generation.ThrowIfOver();
                using DisposeScope batch = NewDisposeScope();
                pictures.AddRange(ImageTensor.ToImages(_parts.Autoencoder.Decode(latents, cancellationToken)));
            }
        }

        var timings = new GenerationTimings(encoding, denoising, clock.Elapsed);
        return new GenerationResult(
            [.. pictures.Select((picture, i) => new GeneratedImage(picture, request.Alone(i), timings, _parts))], request, timings);
    }

    private Refinement? Refine(GenerationRequest request, bool withNegative, CancellationToken cancellationToken)
    {
        if (_parts.Refiner is not { } refiner) return null;
        using IDisposable there = _parts.Residency.Bring(cancellationToken, refiner.TextEncoder);
        return refiner.Begin(request, withNegative, _parts.Scheduler, cancellationToken);
    }

    private (Conditioning Text, Conditioning? Negative) Encode(GenerationRequest request, bool withNegative, CancellationToken cancellationToken)
    {
        bool encodes = request.PromptEmbeds is null || (withNegative && request.NegativePromptEmbeds is null);
        using IDisposable there = _parts.Residency.Bring(cancellationToken, encodes ? [_parts.TextEncoder] : []);
        return RequestConditioning.Of(request, _parts.TextEncoder, withNegative, _parts.Device, cancellationToken);
    }

    /// <summary>The reverse process, in one pass, for pictures <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/>.</summary>
    private Tensor Denoise(
        GenerationPass pass, LatentSource source, IDenoiser plain, bool guided, int first, int count,
        IProgress<GenerationProgress>? progress, RunningGeneration generation)
    {
        GenerationRequest request = pass.Request;
        PictureNoise[] noises = [.. Enumerable.Range(first, count).Select(i => new PictureNoise(request.Alone(i)))];
        try
        {
            var noise = new BatchNoise(noises);
            int factor = _parts.Autoencoder.DownsamplingFactor;
            using ISchedulerRun run = _parts.Scheduler.Start(StartRules.Sampling(request, _parts.Scheduler, noise));
            using Tensor like = empty(count, _parts.Autoencoder.LatentChannels, request.Height!.Value / factor, request.Width!.Value / factor, device: _parts.Device);
            LatentStart start = source.Start(run, noise, like);
            Conditioning text = Repeat(pass.Text, count);
            IDenoiser denoiser = Guide(start.Complete(pass.Hints.Over(plain, run, generation)), pass.Negative);
            if (pass.Refinement is { } refinement)
            {
                (Conditioning told, Conditioning? toldNegative) = refinement.Conditioning(request);
                denoiser = new ExpertDenoiser(denoiser, Guide(refinement.Denoiser, toldNegative), Repeat(told, count), refinement.Boundary);
            }

            Tensor latents = start.Latents;
            int per = _parts.Options.ImagesPerEvaluation, batch = first / per, batches = (request.Count + per - 1) / per;
            int done = batch * pass.Evaluations(run) + pass.Before - run.StepIndex, evaluations = batches * pass.Evaluations(run);
            while (!run.IsCompleted)
            {
                generation.ThrowIfOver();
                double timestep = run.Timestep;
                using DisposeScope step = NewDisposeScope();
                Tensor prediction = denoiser.Predict(run.ScaleModelInput(latents), timestep, text);
                if (progress is IStepObserver observer)
                {
                    generation.ThrowIfOver();
                    observer.Observe(run, latents, prediction, generation.Token);
                }

                Tensor next = start.AfterStep(run.Step(prediction, latents), run).MoveToOuterDisposeScope();
                latents.Dispose();
                latents = next;
                progress?.Report(new GenerationProgress(done + run.StepIndex, evaluations, first, timestep));
            }

            return latents;

            IDenoiser Guide(IDenoiser one, Conditioning? negative)
            {
                IDenoiser watched = WatchedDenoiser.Over(one, generation);
                return guided ? _parts.Guidance.Guide(watched, negative is null ? null : Repeat(negative, count), request.GuidanceScale!.Value) : watched;
            }
        }
        finally
        {
            foreach (PictureNoise each in noises) each.Dispose();
        }
    }

    private static Conditioning Repeat(Conditioning one, int count) =>
        one.Map(t => t.expand([count, .. t.shape[1..]]).contiguous());
}
