using System.Text.Json;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Measures cells. Images and results are kept in the work folder: a run of hours can be stopped at any time and continues
/// with the next image. Results of another model, judge, number of images or kind of drawings are measured again. Changes of
/// the library's code are not detected; use another work folder after them.
/// </summary>
internal sealed class QualityBench : IDisposable
{
    private static readonly JsonSerializerOptions s_json =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly string _work, _judgePrint, _drawingsPrint;
    private readonly Classifier _judge;
    private readonly JudgeFeatures _features;
    private readonly JudgeScorer _scorer;
    private readonly int _workers;
    private readonly Lazy<RealFeatures> _real;

    /// <param name="judgeFolder">Folder of the judge.</param>
    /// <param name="work">Folder of images and results.</param>
    /// <param name="images">Images of each cell.</param>
    /// <param name="size">Width and height of the images in pixels.</param>
    /// <param name="workers">Images generated at once.</param>
    /// <param name="cancellationToken">Stops the measurements.</param>
    public QualityBench(string judgeFolder, string work, int images, int size, int workers, CancellationToken cancellationToken)
    {
        _drawingsPrint = Fingerprint.HashDrawings(new DrawingSet(DrawingSet.Reference, size));
        _work = Directory.CreateDirectory(work).FullName;
        _judge = Classifier.Open(judgeFolder);
        _judgePrint = Fingerprint.HashFile(Path.Combine(judgeFolder, Classifier.File));
        (_features, _scorer, _workers, Cancellation) = (new JudgeFeatures(_judge), new JudgeScorer(_judge), workers, cancellationToken);
        Requests = RealFeatures.Requests(images);
        _real = new(() => RealFeatures.Create(_features, images, size, cancellationToken));
    }

    /// <summary>Requests for the images of each cell.</summary>
    public IReadOnlyList<ImageRequest> Requests { get; }

    /// <summary>Stops the measurements.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Features of two sets of real drawings, each with as many images as a cell.</summary>
    public RealFeatures Real => _real.Value;

    /// <summary>The existing result of a cell; null if it was not measured.</summary>
    public CellResult? Known(SampledModel model, QualityCell cell)
    {
        string path = PathOf(cell);
        CellResult? before = File.Exists(path) ? JsonSerializer.Deserialize<CellResult>(File.ReadAllText(path), s_json) : null;
        return before?.Key == KeyOf(model, cell) ? before : null;
    }

    /// <summary>Measures a cell, unless its result exists.</summary>
    public CellResult Measure(SampledModel model, QualityCell cell)
    {
        // A refusal is found again immediately, and may have been fixed.
        if (Known(model, cell) is { Refused: null } before) return before;
        CellResult result = Sampled(model, cell);
        AtomicFile.Write(PathOf(cell), JsonSerializer.Serialize(result, s_json));
        return result;
    }

    public void Dispose()
    {
        if (_real.IsValueCreated) _real.Value.Dispose();
        _judge.Dispose();
    }

    private string PathOf(QualityCell cell) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(_work, "cells")).FullName, cell.FileName);

    private string KeyOf(SampledModel model, QualityCell cell) =>
        $"model {model.Print}, judge {_judgePrint}, {cell.Settings}, {Requests.Count} images, drawings {_drawingsPrint}";

    private CellResult Sampled(SampledModel from, QualityCell cell)
    {
        var result = new CellResult { Key = KeyOf(from, cell), Row = cell.Row, Column = cell.Column };
        CountingDenoiser? counter = null;
        try
        {
            using DiffusionPipeline counted = cell.Settings.Pipeline(from.Folder, denoiser => counter = new CountingDenoiser(denoiser));
            var request = new GenerationRequest { Prompt = Requests[0].Prompt, Seed = Requests[0].Seed };
            counted.Generate(request, cancellationToken: Cancellation);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // That a scheduler cannot sample a model of this kind is a result too.
            return result with { Refused = e.Message };
        }

        var folder = new GeneratedImages(
            Path.Combine(_work, "images", $"{from.Print}-{cell.Settings}"), $"model {from.Print}, {cell.Settings}");
        using (DiffusionPipeline pipeline = cell.Settings.Pipeline(from.Folder))
        {
            Bar.Show(
                $"{cell.Table}: {cell.Row} {cell.Column}",
                Requests.Count,
                progress => folder.Make(pipeline, Requests, _workers, progress, Cancellation));
        }

        PromptAdherence adherence = PromptAdherence.Measure(_scorer, folder.ReadAll(Requests), cancellationToken: Cancellation);
        using Tensor features = _features.ExtractAll(Requests.Select(folder.Read), cancellationToken: Cancellation);
        return result with
        {
            Evaluations = counter!.Evaluations, All = adherence.All, Aspects = adherence.Aspects,
            Frechet = FrechetDistance.Between(features, _real.Value.Reference),
            Kernel = KernelDistance.Between(features, _real.Value.Reference).Mean,
        };
    }
}
