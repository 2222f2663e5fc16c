using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;

namespace StableDiffusion;

/// <content>Validation before anything is loaded.</content>
internal sealed partial class CommandLine
{
    private void AddRules()
    {
        Check(_model, IsModel, "a model folder, which has a model_index.json, or a file");
        Check(_refiner, path => path is null || IsModel(path), "a model folder, which has a model_index.json, or a file");
        Check(_refinerStart, start => start is > 0 and < 1, "above 0 and below 1");
        Check(_tokenizer, folder => folder is null || Has(folder, "vocab.json"), "a folder with vocab.json and merges.txt");
        Check(_dtype, name => name is null || s_types.ContainsKey(name), $"one of {string.Join(", ", s_types.Keys)}");
        Check(_scheduler, name => name is null || KnownSchedulers.TryGet(name, out _), $"one of {s_schedulers}");
        Check(_clipSkip, layer => layer >= 1, "1 or more");
        Check(_controlNets, folders => folders!.All(f => Has(f, "config.json")), "a folder with a config.json and weights");
        _image.AcceptExistingOnly();
        _mask.AcceptExistingOnly();
        _controlImages.AcceptExistingOnly();
    }

    /// <summary>Checks what one option needs of another, so that no option is ignored.</summary>
    private void CheckTogether(CommandResult result)
    {
        Needs(_request.Strength, _image);
        Needs(_mask, _image);
        Needs(_repaintTransparent, _image);
        Needs(_refinerStart, _refiner);
        Needs(_controlNets, _controlImages);
        Needs(_controlScales, _controlImages);
        if (result.GetValue(_repaintTransparent) && Given(_mask) > 0)
            result.AddError("--repaint-transparent takes the mask from --image; leave out --mask.");
        if (Given(_request.Timesteps) > 0 && Given(_request.Sigmas) > 0)
            result.AddError("--sigmas is given; expected none together with --timesteps.");
        int scales = Given(_controlScales), images = Given(_controlImages);
        if (scales > 1 && scales != images)
            result.AddError($"--control-scale is given {scales} times; expected once, or {images} times as --control-image.");
        string? model = Given(_model) > 0 ? result.GetValue(_model) : null;
        if (File.Exists(model) && Given(_variant) > 0) result.AddError("--variant is for model folders; --model is a file.");
        if (Directory.Exists(model) && Given(_tokenizer) > 0) result.AddError("--tokenizer is for single files; --model is a folder.");

        int Given(Option option) => result.GetResult(option) is { Implicit: false } given ? Math.Max(given.Tokens.Count, 1) : 0;

        void Needs(Option option, Option other)
        {
            if (Given(option) > 0 && Given(other) == 0) result.AddError($"{option.Name} needs {other.Name}.");
        }
    }

    private static bool IsModel(string? path) =>
        File.Exists(path) || (path is not null && Has(path, "model_index.json"));

    private static bool Has(string folder, string file) => File.Exists(Path.Combine(folder, file));

    private static void Check<T>(Option<T> option, Func<T?, bool> holds, string expected) => option.Validators.Add(result =>
    {
        try
        {
            if (result.Tokens.Count > 0 && !holds(result.GetValueOrDefault<T>()))
                result.AddError($"{option.Name} is '{string.Join(" ", result.Tokens.Select(t => t.Value))}'; expected {expected}.");
        }
        catch (InvalidOperationException)
        {
            // Not a number, which is an error already.
        }
    });
}
