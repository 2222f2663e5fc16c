using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The trained judge.</summary>
internal sealed class Classifier : IDisposable
{
    /// <summary>Drawings of this seed trained it; those of the next one test it. No model of this repository saw either.</summary>
    public const ulong Seed = 7001;

    /// <summary>Its weights, in its folder.</summary>
    public const string File = "judge.safetensors";

    private readonly JudgeNetwork _network;

    private Classifier(JudgeNetwork network) => _network = network;

    /// <summary>Reads the judge's weights.</summary>
    /// <param name="folder">Where they are.</param>
    /// <exception cref="FileNotFoundException">It was not trained there yet.</exception>
    public static Classifier Open(string folder)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
            throw new FileNotFoundException($"There is no judge in '{folder}'; expected {File}, which the command 'train --judge {folder}' makes.", path);
        var network = new JudgeNetwork();
        StateDict.Load(network, path);
        network.eval();
        return new Classifier(network);
    }

    /// <summary>How probable each class is in each picture.</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, 128, 128].</param>
    public Classification[] Judge(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        JudgeNetwork.Logits logits = _network.call(pixels);
        float[][] subjects = Shares(logits.Subject), colors = Shares(logits.Color), attributes = Shares(logits.Attribute);
        return [.. subjects.Select((subject, i) => new Classification(
            new Reading(DrawingCatalog.Subjects, subject), new Reading(DrawingCatalog.Colors, colors[i]), new Reading(DrawingCatalog.Attributes, attributes[i])))];
    }

    /// <summary>Features of each picture, float32 [batch, <see cref="JudgeNetwork.Features"/>].</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, 128, 128].</param>
    public Tensor Describe(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        return _network.Describe(pixels);
    }

    public void Dispose() => _network.Dispose();

    private static float[][] Shares(Tensor logits) => [.. logits.softmax(1).unbind(0).Select(row => row.data<float>().ToArray())];
}
