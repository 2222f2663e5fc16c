using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Evaluates a model: losses and bound on pictures it has not seen, its autoencoder, and what it generates. Deterministic:
/// the same model, data and options give the same report.
/// </summary>
/// <param name="options">How much is evaluated; null for the defaults.</param>
public sealed class ModelEvaluation(ModelEvaluationOptions? options = null)
{
    /// <summary>Fewer generated pictures than this tell nothing about their distribution.</summary>
    private const int LeastGenerated = 8;

    private readonly ModelEvaluationOptions _options = Valid(options ?? new ModelEvaluationOptions());

    /// <summary>Evaluates a model folder.</summary>
    /// <param name="folder">A model folder in the layout of diffusers.</param>
    /// <param name="data">What it is evaluated on.</param>
    /// <param name="progress">Told of each stage, on the calling thread.</param>
    /// <param name="cancellationToken">Stops it before the next evaluation of a network.</param>
    public EvaluationReport Run(string folder, EvaluationData data, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        // A path would make the report differ between two places; the folder's name, or its parent's for runs' "model", tells enough.
        var directory = new DirectoryInfo(Path.GetFullPath(folder));
        string name = directory.Parent is { } parent ? $"{parent.Name}/{directory.Name}" : directory.Name;
        DiffusionModel model = DiffusionModel.Open(folder);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).Build();
        return Run(name, model, pipeline, data, progress, cancellationToken);
    }

    /// <summary>Evaluates a loaded model.</summary>
    /// <param name="name">What the report calls it.</param>
    /// <param name="model">The model, for losses and autoencoder.</param>
    /// <param name="pipeline">What generates with it.</param>
    /// <param name="data">What it is evaluated on.</param>
    /// <param name="progress">Told of each stage, on the calling thread.</param>
    /// <param name="cancellationToken">Stops it before the next evaluation of a network.</param>
    public EvaluationReport Run(
        string name, DiffusionModel model, DiffusionPipeline pipeline, EvaluationData data,
        IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(data);
        using IDisposable noGrad = no_grad();
        int size = model.SampleSize * model.Autoencoder.DownsamplingFactor;
        var test = new SizedImages(data.Test, size, size);
        SizedImages? training = data.Training is null ? null : new SizedImages(data.Training, size, size);
        CaptionedImage[] testPictures = [.. test.First(_options.Pictures)];
        if (testPictures.Length < 2) throw new ArgumentException($"The test set has {testPictures.Length} pictures; at least two are needed.", nameof(data));

        (DenoisingLoss loss, LossComparison? comparison, VariationalBound? bound) =
            Losses(model, testPictures, training, progress, cancellationToken);
        ImageBuffer[] originals = [.. testPictures.Select(p => p.Image)];
        AutoencoderQuality autoencoder = AutoencoderQuality.Measure(
            model.Autoencoder, originals, model.Device, _options.Confidence, Counter(progress, "autoencoder", originals.Length), cancellationToken);
        var sampling = new Sampling(pipeline, _options, progress, cancellationToken);
        PromptSamples? sheet = sampling.Sheet(data.Prompts);

        var report = new EvaluationReport
        {
            Model = name, PictureSize = size, TestSet = data.TestName, TrainingSet = data.TrainingName, Course = data.Course, Options = _options, TestLoss = loss,
            Memorisation = comparison, Bound = bound, LatentScaleBits = bound is null ? null : model.Autoencoder.LatentScaleBits,
            Autoencoder = autoencoder, Samples = sheet, TestPictures = originals,
        };
        return _options.Generated == 0 ? report : WithGenerated(report, model, sampling, data, test, training, progress, cancellationToken);
    }

    private (DenoisingLoss Test, LossComparison? Comparison, VariationalBound? Bound) Losses(
        DiffusionModel model, CaptionedImage[] test, SizedImages? training, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        DenoisingProcess process = DenoisingProcess.Of(model.SchedulerConfig);
        var how = new DenoisingLossOptions
        {
            Seed = _options.Seed, Buckets = _options.Buckets, TimestepsPerBucket = _options.TimestepsPerBucket, Confidence = _options.Confidence,
        };
        using EvaluationSet testSet = EvaluationSet.Encode(test, model.Autoencoder, model.TextEncoder, model.Device, null, cancellationToken, model.Denoiser.SizeConditioning);
        DenoisingLoss loss = DenoisingLoss.Measure(model.Denoiser, process, testSet, how, Stage(progress, "test loss"), cancellationToken);
        VariationalBound? bound = null;
        if (_options.BoundTimesteps > 0 && VariationalBound.IsOf(process))
        {
            bound = VariationalBound.Measure(
                model.Denoiser, process, testSet,
                new VariationalBoundOptions
                {
                    Seed = _options.Seed, Timesteps = _options.BoundTimesteps, Variance = _options.BoundVariance, Likelihood = _options.BoundLikelihood,
                    Confidence = _options.Confidence,
                },
                Stage(progress, "variational bound"), cancellationToken);
        }

        if (training is null) return (loss, null, bound);
        CaptionedImage[] seen = [.. training.First(test.Length)];
        using EvaluationSet trainingSet = EvaluationSet.Encode(seen, model.Autoencoder, model.TextEncoder, model.Device, null, cancellationToken, model.Denoiser.SizeConditioning);
        DenoisingLoss trainingLoss = DenoisingLoss.Measure(model.Denoiser, process, trainingSet, how, Stage(progress, "training loss"), cancellationToken);
        return (loss, new LossComparison(loss, trainingLoss), bound);
    }

    private EvaluationReport WithGenerated(
        EvaluationReport report, DiffusionModel model, Sampling sampling, EvaluationData data, SizedImages test, SizedImages? training,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        CaptionedImage[] real = [.. test.First(_options.Generated)];
        GeneratedImage[] generated = sampling.FromCaptions([.. real.Select(r => r.Caption)]);
        ImageBuffer[] pictures = [.. generated.Select(g => g.Image)], realPictures = [.. real.Select(r => r.Image)];
        var distances = new List<SetDistance>();
        if (pictures.Length >= LeastGenerated)
        {
            using var convolutions = new RandomConvolutionFeatures();
            IReadOnlyList<IFeatureExtractor> extractors = data.Features.Count > 0
                ? data.Features : [new AutoencoderFeatures(model.Autoencoder, device: model.Device), convolutions];
            // As many real pictures as generated ones, for the bias is then the same.
            ImageBuffer[] seen = training is null ? [] : [.. training.First(pictures.Length).Select(t => t.Image)];
            foreach (IFeatureExtractor extractor in extractors)
            {
                using Tensor reference = extractor.ExtractAll(realPictures, null, cancellationToken);
                distances.Add(Distance(extractor, "generated", pictures, reference));
                if (seen.Length >= LeastGenerated) distances.Add(Distance(extractor, "training", seen, reference));
            }
        }

        return report with
        {
            Distances = distances,
            Neighbours = training is null || _options.NeighbourPool == 0
                ? null : Neighbours(generated, [.. real.Select(r => r.Caption)], realPictures, training, data.TrainingMirrored, progress, cancellationToken),
            Adherence = data.Scorer is null ? null : PromptAdherence.Measure(
                data.Scorer,
                generated.Zip(real, (g, r) => (g.Image, r.Caption)).Concat(
                    report.Samples is null ? [] : report.Samples.Rows.Zip(report.Samples.Prompts).SelectMany(row => row.First.Select(image => (image, row.Second)))),
                _options.Confidence, cancellationToken),
        };

        SetDistance Distance(IFeatureExtractor extractor, string set, ImageBuffer[] images, Tensor reference)
        {
            using Tensor features = extractor.ExtractAll(images, null, cancellationToken);
            return new SetDistance(
                extractor.Name, (int)features.shape[1], set, images.Length, realPictures.Length, FrechetDistance.Between(features, reference),
                KernelDistance.Between(features, reference, seed: _options.Seed), PrecisionRecall.Of(features, reference));
        }
    }

    private NeighbourReport Neighbours(
        GeneratedImage[] generated, string[] captions, ImageBuffer[] test, SizedImages training, bool mirrored, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        var pixels = new PixelFeatures();
        int count = training.Available(_options.NeighbourPool);
        using Tensor queries = pixels.ExtractAll(generated.Select(g => g.Image), null, cancellationToken);
        using Tensor unseen = pixels.ExtractAll(test, null, cancellationToken);
        NeighbourSearch.Found[][] found = new NeighbourSearch(pixels, training, mirrored).Find(
            count, [queries, unseen], Counter(progress, "nearest neighbours", count), cancellationToken);
        var pairs = found[0].Select((nearest, i) =>
        {
            CaptionedImage seen = training.Read(nearest.Index);
            return (
                Pair: new NeighbourPair(captions[i], generated[i].Seed, nearest.Index, nearest.Mirrored ? $"{seen.Name} mirrored" : seen.Name, nearest.Distance),
                generated[i].Image, Training: nearest.Mirrored ? NeighbourSearch.Mirror(seen.Image) : seen.Image);
        }).OrderBy(p => p.Pair.Distance).ToArray();
        return new NeighbourReport(pixels.Name, count, [.. pairs.Select(p => p.Pair)], [.. found[1].Select(n => n.Distance).Order()])
        {
            Mirrored = mirrored,
            GeneratedPictures = [.. pairs.Select(p => p.Image)],
            TrainingPictures = [.. pairs.Select(p => p.Training)],
        };
    }

    private static ModelEvaluationOptions Valid(ModelEvaluationOptions options)
    {
        ValidOptions.Check(options);
        if (options.Generated is > 0 and < LeastGenerated)
            throw new ValidationException($"{nameof(options.Generated)} is {options.Generated}; expected 0, or at least {LeastGenerated}.");
        return options;
    }

    private static StageProgress<double>? Stage(IProgress<EvaluationProgress>? progress, string stage) =>
        progress is null ? null : new StageProgress<double>(share => progress.Report(new EvaluationProgress(stage, share)));

    private static StageProgress<int>? Counter(IProgress<EvaluationProgress>? progress, string stage, int count) =>
        progress is null ? null : new StageProgress<int>(done => progress.Report(new EvaluationProgress(stage, (double)done / count)));
}
