using System.Text.Json;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Measures cells. Pictures and results are kept in the work folder, so that a run of hours can be stopped at any moment and
/// goes on with the picture where it stopped; what another model, judge, number of pictures or kind of drawings gave is
/// measured anew. What a change of the library's code does to the pictures it cannot know: another work folder is for that.
/// </summary>
internal sealed class QualityBench : IDisposable
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly string _work, _judgePrint, _drawingsPrint = Fingerprint.OfDrawings(new DrawingSet(DrawingSet.Reference));
    private readonly Classifier _judge;
    private readonly JudgeFeatures _features;
    private readonly JudgeScorer _scorer;
    private readonly int _workers;
    private readonly Lazy<RealFeatures> _real;

    /// <param name="judgeFolder">Where the judge is.</param>
    /// <param name="work">Where pictures and results are kept.</param>
    /// <param name="pictures">Pictures of each cell.</param>
    /// <param name="workers">Pictures generated at once.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public QualityBench(string judgeFolder, string work, int pictures, int workers, CancellationToken cancellationToken)
    {
        _work = Directory.CreateDirectory(work).FullName;
        _judge = Classifier.Open(judgeFolder);
        _judgePrint = Fingerprint.OfFile(Path.Combine(judgeFolder, Classifier.File));
        (_features, _scorer, _workers, Cancellation) = (new JudgeFeatures(_judge), new JudgeScorer(_judge), workers, cancellationToken);
        Orders = RealFeatures.Orders(pictures);
        _real = new(() => RealFeatures.Of(_features, pictures, cancellationToken));
    }

    /// <summary>The pictures of each cell.</summary>
    public IReadOnlyList<PictureOrder> Orders { get; }

    /// <summary>Stops it.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Features of two sets of real drawings, each of as many pictures.</summary>
    public RealFeatures Real => _real.Value;

    /// <summary>What was measured of a cell before; null for nothing.</summary>
    public CellResult? Known(SampledModel model, QualityCell cell)
    {
        string path = PathOf(cell);
        CellResult? before = File.Exists(path) ? JsonSerializer.Deserialize<CellResult>(File.ReadAllText(path), s_json) : null;
        return before?.Key == KeyOf(model, cell) ? before : null;
    }

    /// <summary>Measures a cell, unless that was done before.</summary>
    public CellResult Measure(SampledModel model, QualityCell cell)
    {
        // That a way was refused is found again at once, and may have been mended.
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

    private string PathOf(QualityCell cell) => Path.Combine(Directory.CreateDirectory(Path.Combine(_work, "cells")).FullName, cell.FileName);

    private string KeyOf(SampledModel model, QualityCell cell) => $"model {model.Print}, judge {_judgePrint}, {cell.Settings}, {Orders.Count} pictures, drawings {_drawingsPrint}";

    private CellResult Sampled(SampledModel from, QualityCell cell)
    {
        var result = new CellResult { Key = KeyOf(from, cell), Row = cell.Row, Column = cell.Column };
        CountingDenoiser? counter = null;
        try
        {
            using DiffusionPipeline counted = cell.Settings.Pipeline(from.Folder, denoiser => counter = new CountingDenoiser(denoiser));
            counted.Generate(new GenerationRequest { Prompt = Orders[0].Prompt, Seed = Orders[0].Seed }, cancellationToken: Cancellation);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // A scheduler that a model of this kind cannot be sampled with is a finding as well.
            return result with { Refused = e.Message };
        }

        var folder = new PictureFolder(Path.Combine(_work, "pictures", $"{from.Print}-{cell.Settings}"), $"model {from.Print}, {cell.Settings}");
        using (DiffusionPipeline pipeline = cell.Settings.Pipeline(from.Folder))
            Bar.Show($"{cell.Table}: {cell.Row} {cell.Column}", Orders.Count, progress => folder.Make(pipeline, Orders, _workers, progress, Cancellation));
        PromptAdherence adherence = PromptAdherence.Measure(_scorer, folder.ReadAll(Orders), cancellationToken: Cancellation);
        using Tensor features = _features.ExtractAll(Orders.Select(folder.Read), cancellationToken: Cancellation);
        return result with
        {
            Evaluations = counter!.Evaluations, All = adherence.All, Aspects = adherence.Aspects,
            Frechet = FrechetDistance.Between(features, _real.Value.Reference), Kernel = KernelDistance.Between(features, _real.Value.Reference).Mean,
        };
    }
}
