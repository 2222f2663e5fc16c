using LatentDiffusion.Models.Drawings;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>The trained judge.</summary>
internal sealed class Classifier : IDisposable
{
    /// <summary>
    /// Seed of its training drawings; the next seed is that of its test. No model of this repository was trained on either.
    /// </summary>
    public const ulong Seed = 7001;

    /// <summary>File name of the weights in the judge's folder.</summary>
    public const string File = "judge.safetensors";

    private readonly JudgeNetwork _network;

    private Classifier(JudgeNetwork network) => _network = network;

    /// <summary>Reads the judge's weights.</summary>
    /// <param name="folder">Folder of the weights.</param>
    /// <exception cref="FileNotFoundException">The folder does not contain a trained judge.</exception>
    public static Classifier Open(string folder)
    {
        string path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
        {
            throw new FileNotFoundException(
                $"'{folder}' does not contain a judge; expected {File}, which the command 'train --judge {folder}' writes.", path);
        }

        var network = new JudgeNetwork();
        StateDict.Load(network, path);
        network.eval();
        return new Classifier(network);
    }

    /// <summary>The probability of each class in each image.</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, 128, 128].</param>
    public Classification[] Judge(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        JudgeNetwork.Logits logits = _network.call(pixels);
        float[][] subjects = Probabilities(logits.Subject), colors = Probabilities(logits.Color);
        float[][] attributes = Probabilities(logits.Attribute);
        return [.. Enumerable.Range(0, subjects.Length).Select(i => new Classification(
            new Reading(DrawingCatalog.Subjects, subjects[i]),
            new Reading(DrawingCatalog.Colors, colors[i]),
            new Reading(DrawingCatalog.Attributes, attributes[i])))];
    }

    /// <summary>Features of each image, float32 [batch, <see cref="JudgeNetwork.Features"/>].</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, 128, 128].</param>
    public Tensor Describe(Tensor pixels)
    {
        using IDisposable noGrad = no_grad();
        return _network.Describe(pixels);
    }

    public void Dispose() => _network.Dispose();

    private static float[][] Probabilities(Tensor logits) =>
        [.. logits.softmax(1).unbind(0).Select(row => row.data<float>().ToArray())];
}
