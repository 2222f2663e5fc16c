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
    private readonly PipelineComponents _parts;
    private readonly PipelineCalls _calls;

    internal DiffusionPipeline(PipelineComponents parts) => (_parts, _calls) = (parts, new PipelineCalls(parts));

    /// <summary>The model that the pipeline loaded, and owns; null where all parts were handed in.</summary>
    public DiffusionModel? Model => _parts.OwnedModel;

    /// <summary>The work itself.</summary>
    private GenerationResult[] Run(GenerationContext generation, IProgress<GenerationProgress>? progress)
    {
        generation.ThrowIfStopped();
        (IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken) = (generation.Requests, generation.Token);
        var pictures = new Queue<ImageBuffer>(generation.Pictures);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();

        var clock = Stopwatch.StartNew();
        bool guided = _parts.Guides(generation.Request), withNegative = _parts.NeedsNegative(generation.Request);
        (Conditioning Text, Conditioning? Negative)[] prompts = Encode(requests, withNegative, cancellationToken);
        using IDenoiserRun plain = _parts.Denoiser.Start(_parts.RunOptions);
        using RefinerStage? refinement = Refine(requests, withNegative, cancellationToken);
        TimeSpan encoding = clock.Elapsed;

        generation.ThrowIfStopped();
        clock.Restart();
        GenerationPass[][] all = GenerationPass.PlanPasses(requests, prompts, refinement, _parts, cancellationToken);
        var batches = new List<Tensor>();
        using (_parts.Residency.Load(cancellationToken, _parts.Denoising))
        {
            foreach (GenerationPass[][] together in all.Chunk(_parts.Options.BatchSize))
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
        using (_parts.Residency.Load(cancellationToken, _parts.Autoencoder))
        {
            foreach (Tensor latents in batches)
            {
                generation.ThrowIfStopped();
                using DisposeScope batch = NewDisposeScope();
                Tensor pixels = _parts.Autoencoder.Decode(latents, cancellationToken);
                generation.Finite.CheckImage(pixels);
                foreach (ImageBuffer picture in ImageTensor.ToImages(pixels)) pictures.Enqueue(picture);
            }
        }

        var timings = new GenerationTimings(encoding, denoising, clock.Elapsed);
        return [.. requests.Select(r => new GenerationResult([.. Enumerable.Range(0, r.Count).Select(i => new GeneratedImage(pictures.Dequeue(), r.ForImage(i), timings, _parts))], r, timings))];
    }

    private RefinerStage? Refine(IReadOnlyList<GenerationRequest> requests, bool withNegative, CancellationToken cancellationToken)
    {
        if (_parts.Refiner is not { } refiner) return null;
        using IDisposable there = _parts.Residency.Load(cancellationToken, refiner.TextEncoder);
        return refiner.Begin(requests, withNegative, _parts.Scheduler, cancellationToken);
    }

    private (Conditioning Text, Conditioning? Negative)[] Encode(IReadOnlyList<GenerationRequest> requests, bool withNegative, CancellationToken cancellationToken)
    {
        bool encodes = requests.Any(r => r.PromptEmbeds is null || (withNegative && r.NegativePromptEmbeds is null));
        using IDisposable there = _parts.Residency.Load(cancellationToken, encodes ? [_parts.TextEncoder] : []);
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
        IProgress<GenerationProgress>? progress, GenerationContext generation)
    {
        var pass = GenerationPass.Batch(pictures);
        GenerationRequest request = pass.Request;
        ImageNoise[] noises = [.. pictures.Select(picture => new ImageNoise(picture.Request))];
        try
        {
            int factor = _parts.Autoencoder.DownsamplingFactor;
            using ISchedulerRun run = _parts.Scheduler.Start(pass.Plan, new BatchNoise(noises));
            using Tensor like = empty(1, _parts.Autoencoder.LatentChannels, request.Height!.Value / factor, request.Width!.Value / factor, device: _parts.Device);
            var start = InitialLatents.Batch([.. pictures.Select((_, i) => SourceOf(i).Start(run, noises[i], like))]);
            Conditioning text = pass.Text;
            using ControlledRun? controlled = pass.Hints.Start(plain, run);
            GuidedDenoiser denoiser = Guide(controlled ?? plain, pass.Negative);
            if (pass.RefinerStage is { } refinement)
            {
                (Conditioning refined, Conditioning? refinedNegative) = pass.Refined!.Value;
                denoiser = refinement.After(denoiser, Guide(refinement.Denoiser, refinedNegative), refined);
            }

            if (request.InitialImage is not null) generation.Finite.CheckStart(start);
            Tensor latents = start.Latents;
            int per = _parts.Options.BatchSize, first = batch * per, batches = (generation.Pictures + per - 1) / per;
            int done = batch * pass.Evaluations + pass.Before - run.StepIndex, evaluations = batches * pass.Evaluations;
            while (!run.IsCompleted)
            {
                generation.ThrowIfStopped();
                double timestep = run.Timestep;
                using DisposeScope step = NewDisposeScope();
                var input = new DenoiserInput
                {
                    Latents = run.ScaleModelInput(latents), Timesteps = [timestep], Conditioning = text,
                    ConcatenatedLatents = start.ConcatenatedLatents, CancellationToken = generation.Token,
                };
                Tensor prediction = denoiser(input).ToModelOutput();
                if (progress is IStepObserver observer)
                {
                    generation.ThrowIfStopped();
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

            GuidedDenoiser Guide(IDenoiser one, Conditioning? negative) =>
                guided ? _parts.Guidance.Guide(one, negative, request.GuidanceScale!.Value) : GuidancePasses.Unguided(one);

            LatentInitializer SourceOf(int i) => earlier is null ? pictures[i].Source : pictures[i].Source.Upscaled(earlier.narrow(0, i, 1), request, _parts);
        }
        finally
        {
            foreach (ImageNoise each in noises) each.Dispose();
        }
    }
}
