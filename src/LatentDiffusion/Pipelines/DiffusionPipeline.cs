using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Text, and pictures where a request has some, to pictures: prompt, text encoder, noise, scheduler and guided denoiser,
/// autoencoder. Safe for concurrent generations, each of which has its state to itself; made by
/// <see cref="DiffusionPipelineBuilder"/>.
/// </summary>
public sealed partial class DiffusionPipeline : IDisposable, IAsyncDisposable
{
    private readonly PipelineParts _parts;
    private readonly PipelineCalls _calls;

    internal DiffusionPipeline(PipelineParts parts) => (_parts, _calls) = (parts, new PipelineCalls(parts));

    /// <summary>The model that the pipeline loaded, and owns; null where all parts were handed in.</summary>
    public DiffusionModel? Model => _parts.OwnedModel;

    /// <summary>The work itself.</summary>
    private GenerationResult[] Run(RunningGeneration generation, IProgress<GenerationProgress>? progress)
    {
        generation.ThrowIfOver();
        (IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken) = (generation.Requests, generation.Token);
        var pictures = new Queue<ImageBuffer>(generation.Pictures);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();

        var clock = Stopwatch.StartNew();
        bool guided = _parts.Guides(generation.Request), withNegative = _parts.NeedsNegative(generation.Request);
        (Conditioning Text, Conditioning? Negative)[] prompts = Encode(requests, withNegative, cancellationToken);
        using IDenoiserRun? caching = (_parts.Denoiser as ICachingDenoiser)?.Start(cancellationToken);
        IDenoiser plain = caching ?? _parts.Denoiser;
        using Refinement? refinement = Refine(requests, withNegative, cancellationToken);
        TimeSpan encoding = clock.Elapsed;

        generation.ThrowIfOver();
        clock.Restart();
        GenerationPass[][] all = GenerationPass.OfPictures(requests, prompts, refinement, _parts, cancellationToken);
        var batches = new List<Tensor>();
        using (_parts.Residency.Bring(cancellationToken, _parts.Denoising))
        {
            foreach (GenerationPass[][] together in all.Chunk(_parts.Options.ImagesPerEvaluation))
            {
                using DisposeScope batch = NewDisposeScope();
                Tensor? latents = null;
                for (int pass = 0; pass < together[0].Length; pass++)
                    latents = Denoise([.. together.Select(picture => picture[pass])], latents, plain, guided, batches.Count, progress, generation);
                batches.Add(latents!.MoveToOuterDisposeScope());
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
                Tensor pixels = _parts.Autoencoder.Decode(latents, cancellationToken);
                generation.Finite.CheckImage(pixels);
                foreach (ImageBuffer picture in ImageTensor.ToImages(pixels)) pictures.Enqueue(picture);
            }
        }

        var timings = new GenerationTimings(encoding, denoising, clock.Elapsed);
        return [.. requests.Select(r => new GenerationResult([.. Enumerable.Range(0, r.Count).Select(i => new GeneratedImage(pictures.Dequeue(), r.Alone(i), timings, _parts))], r, timings))];
    }

    private Refinement? Refine(IReadOnlyList<GenerationRequest> requests, bool withNegative, CancellationToken cancellationToken)
    {
        if (_parts.Refiner is not { } refiner) return null;
        using IDisposable there = _parts.Residency.Bring(cancellationToken, refiner.TextEncoder);
        return refiner.Begin(requests, withNegative, _parts.Scheduler, cancellationToken);
    }

    private (Conditioning Text, Conditioning? Negative)[] Encode(IReadOnlyList<GenerationRequest> requests, bool withNegative, CancellationToken cancellationToken)
    {
        bool encodes = requests.Any(r => r.PromptEmbeds is null || (withNegative && r.NegativePromptEmbeds is null));
        using IDisposable there = _parts.Residency.Bring(cancellationToken, encodes ? [_parts.TextEncoder] : []);
        // Each for itself, so that a picture's text does not depend on those beside it.
        (Conditioning Text, Conditioning? Negative)[] prompts =
            [.. requests.Select(r => RequestConditioning.Of(r, _parts.TextEncoder, withNegative, _parts.Device, cancellationToken))];
        JoinedConditioning.Check([.. prompts.Select(p => p.Text)]);
        return prompts;
    }

    /// <summary>The reverse process, in one pass, for pictures that share their evaluations.</summary>
    /// <param name="pictures">The pass of each.</param>
    /// <param name="earlier">Their latents after the pass before; null in the first.</param>
    /// <param name="plain">The denoiser without guidance.</param>
    /// <param name="guided">Whether there is guidance.</param>
    /// <param name="batch">Which batch of the generation they are.</param>
    /// <param name="progress">Told of each evaluation.</param>
    /// <param name="generation">The generation.</param>
    private Tensor Denoise(
        IReadOnlyList<GenerationPass> pictures, Tensor? earlier, IDenoiser plain, bool guided, int batch,
        IProgress<GenerationProgress>? progress, RunningGeneration generation)
    {
        var pass = GenerationPass.Together(pictures);
        GenerationRequest request = pass.Request;
        PictureNoise[] noises = [.. pictures.Select(picture => new PictureNoise(picture.Request))];
        try
        {
            int factor = _parts.Autoencoder.DownsamplingFactor;
            using ISchedulerRun run = _parts.Scheduler.Start(StartRules.Sampling(request, _parts.Scheduler, new BatchNoise(noises)));
            using Tensor like = empty(1, _parts.Autoencoder.LatentChannels, request.Height!.Value / factor, request.Width!.Value / factor, device: _parts.Device);
            var start = LatentStart.Together([.. pictures.Select((_, i) => SourceOf(i).Start(run, noises[i], like))]);
            Conditioning text = pass.Text;
            IDenoiser denoiser = Guide(start.Complete(pass.Hints.Over(plain, run, generation)), pass.Negative);
            if (pass.Refinement is { } refinement)
            {
                (Conditioning told, Conditioning? toldNegative) = pass.Refined!.Value;
                denoiser = new ExpertDenoiser(denoiser, Guide(refinement.Denoiser, toldNegative), told, refinement.Boundary);
            }

            if (request.InitialImage is not null) generation.Finite.CheckStart(start);
            Tensor latents = start.Latents;
            int per = _parts.Options.ImagesPerEvaluation, first = batch * per, batches = (generation.Pictures + per - 1) / per;
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

                Tensor next = start.AfterStep(run.Step(prediction, latents), run);
                generation.Finite.CheckStep(next, prediction, text, run, timestep, secondPass: earlier is not null);
                next.MoveToOuterDisposeScope();
                latents.Dispose();
                latents = next;
                progress?.Report(new GenerationProgress(done + run.StepIndex, evaluations, first, timestep));
            }

            return latents;

            IDenoiser Guide(IDenoiser one, Conditioning? negative)
            {
                IDenoiser watched = WatchedDenoiser.Over(one, generation);
                return guided ? _parts.Guidance.Guide(watched, negative, request.GuidanceScale!.Value) : watched;
            }

            LatentSource SourceOf(int i) => earlier is null ? pictures[i].Source : pictures[i].Source.Enlarged(earlier.narrow(0, i, 1), request, _parts);
        }
        finally
        {
            foreach (PictureNoise each in noises) each.Dispose();
        }
    }
}
