using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Evaluates a model: losses and bound on unseen images, its autoencoder, and its generated images. Deterministic: the same
/// model, data and options give the same report.
/// </summary>
/// <param name="options">Extent of the evaluation; null for the defaults.</param>
public sealed class ModelEvaluation(ModelEvaluationOptions? options = null)
{
    /// <summary>Fewer generated images than this say nothing about their distribution.</summary>
    private const int LeastGenerated = 8;

    private readonly ModelEvaluationOptions _options = Valid(options ?? new ModelEvaluationOptions());

    /// <summary>Where the model of a folder computes; null, the default, for CUDA if available, otherwise the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>
    /// Processes that evaluate together: they divide the losses, the generated images and their scores, and all receive the same report.
    /// All call <c>Run</c> with the same model and data. Null, the default, for one process.
    /// </summary>
    public IProcessGroup? Processes { get; init; }

    /// <summary>Evaluates a model folder.</summary>
    /// <param name="folder">A model folder in the layout of diffusers.</param>
    /// <param name="data">The data to evaluate on.</param>
    /// <param name="progress">Receives each stage, on the calling thread.</param>
    /// <param name="cancellationToken">Checked before each evaluation of a network.</param>
    public EvaluationReport Run(
        string folder, EvaluationData data, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        // A path would make reports differ between places. The folder's name and its parent's (runs have "model") identify it.
        var directory = new DirectoryInfo(Path.GetFullPath(folder));
        string name = directory.Parent is { } parent ? $"{parent.Name}/{directory.Name}" : directory.Name;
        DiffusionModel model = DiffusionModel.Open(folder, Device);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).Build();
        return Run(name, model, pipeline, data, progress, cancellationToken);
    }

    /// <summary>Evaluates a loaded model.</summary>
    /// <param name="name">Name of the model in the report.</param>
    /// <param name="model">The model, for losses and autoencoder.</param>
    /// <param name="pipeline">The pipeline that generates with it.</param>
    /// <param name="data">The data to evaluate on.</param>
    /// <param name="progress">Receives each stage, on the calling thread.</param>
    /// <param name="cancellationToken">Checked before each evaluation of a network.</param>
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
        CaptionedImage[] testImages = [.. test.First(_options.ImageCount)];
        if (testImages.Length < 2)
            throw new ArgumentException($"The test set has {testImages.Length} images; at least two are needed.", nameof(data));

        (DenoisingLoss loss, LossComparison? comparison, VariationalBound? bound) =
            Losses(model, testImages, training, progress, cancellationToken);
        ImageBuffer[] originals = [.. testImages.Select(p => p.Image)];
        AutoencoderQuality autoencoder = AutoencoderQuality.Measure(
            model.Autoencoder, originals, model.Device, _options.Confidence, Counter(progress, "autoencoder", originals.Length),
            cancellationToken);
        var sampling = new Sampling(pipeline, _options, Processes, progress, cancellationToken);
        PromptSamples? sheet = sampling.Sheet(data.Prompts);

        var report = new EvaluationReport
        {
            Model = name,
            ImageSize = size,
            TestSet = data.TestName,
            TrainingSet = data.TrainingName,
            TrainingHistory = data.TrainingHistory,
            Options = _options,
            TestLoss = loss,
            LossComparison = comparison,
            Bound = bound,
            LatentScaleBits = bound is null ? null : model.Autoencoder.LatentScaleBits,
            Autoencoder = autoencoder,
            Samples = sheet,
            TestImages = originals,
        };
        return _options.Generated == 0 ? report : WithGenerated(report, model, sampling, data, test, training, progress, cancellationToken);
    }

    private (DenoisingLoss Test, LossComparison? Comparison, VariationalBound? Bound) Losses(
        DiffusionModel model, CaptionedImage[] test, SizedImages? training, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken)
    {
        DiffusionProcess process = DiffusionProcess.FromConfig(model.SchedulerConfig);
        var how = new DenoisingLossOptions
        {
            Seed = _options.Seed,
            Buckets = _options.Buckets,
            TimestepsPerBucket = _options.TimestepsPerBucket,
            Confidence = _options.Confidence,
            Processes = Processes,
        };
        using EvaluationSet testSet = Encode(test);
        DenoisingLoss loss = DenoisingLoss.Measure(model.Denoiser, process, testSet, how, Stage(progress, "test loss"), cancellationToken);
        VariationalBound? bound = null;
        if (_options.BoundTimesteps > 0 && VariationalBound.IsDefinedFor(process))
        {
            bound = VariationalBound.Measure(
                model.Denoiser, process, testSet,
                new VariationalBoundOptions
                {
                    Seed = _options.Seed,
                    Timesteps = _options.BoundTimesteps,
                    Variance = _options.BoundVariance,
                    Likelihood = _options.BoundLikelihood,
                    Confidence = _options.Confidence,
                    Processes = Processes,
                },
                Stage(progress, "variational bound"), cancellationToken);
        }

        if (training is null) return (loss, null, bound);
        CaptionedImage[] seen = [.. training.First(test.Length)];
        using EvaluationSet trainingSet = Encode(seen);
        DenoisingLoss trainingLoss = DenoisingLoss.Measure(
            model.Denoiser, process, trainingSet, how, Stage(progress, "training loss"), cancellationToken);
        return (loss, new LossComparison(loss, trainingLoss), bound);

        EvaluationSet Encode(CaptionedImage[] images) => EvaluationSet.Encode(
            images, model.Autoencoder, model.TextEncoder, model.Device, null, cancellationToken, model.Denoiser.Description);
    }

    private EvaluationReport WithGenerated(
        EvaluationReport report, DiffusionModel model, Sampling sampling, EvaluationData data, SizedImages test, SizedImages? training,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        CaptionedImage[] real = [.. test.First(_options.Generated)];
        Sampling.SeededImage[] generated = sampling.FromCaptions([.. real.Select(r => r.Caption)]);
        ImageBuffer[] images = [.. generated.Select(g => g.Image)], realImages = [.. real.Select(r => r.Image)];
        var distances = new List<SetDistance>();
        if (images.Length >= LeastGenerated)
        {
            using var convolutions = new RandomConvolutionFeatures();
            IReadOnlyList<IFeatureExtractor> extractors = data.Features.Count > 0
                ? data.Features : [new AutoencoderFeatures(model.Autoencoder, device: model.Device), convolutions];
            // As many real images as generated ones, so that the bias is the same.
            ImageBuffer[] seen = training is null ? [] : [.. training.First(images.Length).Select(t => t.Image)];
            foreach (IFeatureExtractor extractor in extractors)
            {
                using Tensor reference = extractor.ExtractAll(realImages, null, cancellationToken);
                distances.Add(Distance(extractor, "generated", images, reference));
                if (seen.Length >= LeastGenerated) distances.Add(Distance(extractor, "training", seen, reference));
            }
        }

        return report with
        {
            Distances = distances,
            Neighbours = training is null || _options.NeighbourPool == 0
                ? null
                : Neighbours(
                    generated, [.. real.Select(r => r.Caption)], realImages, training, data.TrainingMirrored, progress, cancellationToken),
            Adherence = data.Scorer is null
                ? null
                : PromptAdherence.Measure(
                    data.Scorer, generated.Zip(real, (g, r) => (g.Image, r.Caption)).Concat(Captioned(report.Samples)),
                    _options.Confidence, Processes, cancellationToken),
        };

        static IEnumerable<(ImageBuffer Image, string Prompt)> Captioned(PromptSamples? samples) => samples is null
            ? []
            : samples.Rows.Zip(samples.Prompts).SelectMany(row => row.First.Select(image => (image, row.Second)));

        SetDistance Distance(IFeatureExtractor extractor, string set, ImageBuffer[] compared, Tensor reference)
        {
            using Tensor features = extractor.ExtractAll(compared, null, cancellationToken);
            return new SetDistance(
                extractor.Name, (int)features.shape[1], set, compared.Length, realImages.Length,
                FrechetDistance.Between(features, reference), KernelDistance.Between(features, reference, seed: _options.Seed),
                PrecisionRecall.Compute(features, reference));
        }
    }

    private NeighbourReport Neighbours(
        Sampling.SeededImage[] generated, string[] captions, ImageBuffer[] test, SizedImages training, bool mirrored,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
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
            string trainingName = nearest.Mirrored ? $"{seen.Name} mirrored" : seen.Name;
            return (
                Pair: new NeighbourPair(captions[i], generated[i].Seed, nearest.Index, trainingName, nearest.Distance),
                generated[i].Image,
                Training: nearest.Mirrored ? NeighbourSearch.Mirror(seen.Image) : seen.Image);
        }).OrderBy(p => p.Pair.Distance).ToArray();
        return new NeighbourReport(pixels.Name, count, [.. pairs.Select(p => p.Pair)], [.. found[1].Select(n => n.Distance).Order()])
        {
            Mirrored = mirrored,
            GeneratedImages = [.. pairs.Select(p => p.Image)],
            TrainingImages = [.. pairs.Select(p => p.Training)],
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
        progress is null ? null : new StageProgress<double>(fraction => progress.Report(new EvaluationProgress(stage, fraction)));

    private static StageProgress<int>? Counter(IProgress<EvaluationProgress>? progress, string stage, int count) =>
        progress is null ? null : new StageProgress<int>(done => progress.Report(new EvaluationProgress(stage, (double)done / count)));
}
