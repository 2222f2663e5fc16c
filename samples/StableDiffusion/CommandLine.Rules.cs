using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;

namespace StableDiffusion;

/// <content>Validation before anything is loaded.</content>
internal sealed partial class CommandLine
{
    private static readonly string[] s_tokenizers = ["vocab.json", "tokenizer.json", "spiece.model"];

    private void AddRules()
    {
        Check(
            _model, path => IsModel(path) || PublishedModel.IsId(path!),
            "a model folder, which has a model_index.json, or a file, or the organisation/name of a published model");
        Check(_refiner, path => path is null || IsModel(path), "a model folder, which has a model_index.json, or a file");
        Check(_refinerStart, start => start is > 0 and < 1, "above 0 and below 1");
        Check(_tokenizer, folder => folder is null || HasTokenizer(folder), "a folder with vocab.json and merges.txt, or tokenizer.json");
        Check(_dtype, name => name is null || s_types.ContainsKey(name), $"one of {string.Join(", ", s_types.Keys)}");
        Check(_storage, name => s_storages.ContainsKey(name!), $"one of {string.Join(", ", s_storages.Keys)}");
        Check(_scheduler, name => name is null || KnownSchedulers.TryGet(name, out _), $"one of {s_schedulers}");
        Check(_clipSkip, layer => layer >= 1, "1 or more");
        Check(_controlNets, folders => folders!.All(f => Has(f, "config.json")), "a folder with a config.json and weights");
        _image.AcceptExistingOnly();
        _mask.AcceptExistingOnly();
        _textEncoders.AcceptExistingOnly();
        _autoencoder.AcceptExistingOnly();
        _references.AcceptExistingOnly();
        _controlImages.AcceptExistingOnly();
    }

    /// <summary>Checks that no option is ignored because another one is missing.</summary>
    private void CheckTogether(CommandResult result)
    {
        if (result.GetValue(_prompt) is null && Given(_metadata.FromImage) == 0)
            result.AddError("Required argument missing: the prompt, or --from-image.");
        Needs(_request.Strength, _image);
        Needs(_mask, _image);
        Needs(_repaintTransparent, _image);
        foreach (Option option in _masking.All.Where(o => Given(o) > 0 && Given(_mask) == 0 && !result.GetValue(_repaintTransparent)))
            result.AddError($"{option.Name} needs --mask or --repaint-transparent.");
        Needs(_refinerStart, _refiner);
        Needs(_controlNets, _controlImages);
        Needs(_controlScales, _controlImages);
        if (result.GetValue(_repaintTransparent) && Given(_mask) > 0)
            result.AddError("--repaint-transparent takes the mask from --image; leave out --mask.");
        if (Given(_request.Timesteps) > 0 && Given(_request.Sigmas) > 0)
            result.AddError("--sigmas is given; expected none together with --timesteps.");
        if (result.GetValue(_storage) == "as-stored" && Given(_dtype) > 0)
            result.AddError("--dtype is given; expected none together with --storage as-stored, which computes in float32.");
        int scales = Given(_controlScales), images = Given(_controlImages);
        if (scales > 1 && scales != images)
            result.AddError($"--control-scale is given {scales} times; expected 1, or {images} as for --control-image.");
        string? model = Given(_model) > 0 ? result.GetValue(_model) : null;
        if (model is not null && Path.Exists(model) && Given(_revision) > 0)
            result.AddError("--revision is for published models; --model is a folder or file.");
        if (model is not null && !Path.Exists(model) && Given(_tokenizer) > 0)
            result.AddError("--tokenizer is for single files; --model is a published model.");
        if (File.Exists(model) && Given(_variant) > 0) result.AddError("--variant is for model folders; --model is a file.");
        if (Directory.Exists(model) && Given(_tokenizer) > 0) result.AddError("--tokenizer is for single files; --model is a folder.");

        foreach (Option option in (Option[])[_textEncoders, _autoencoder])
        {
            if (model is not null && !File.Exists(model) && Given(option) > 0)
                result.AddError($"{option.Name} needs --model to be a file.");
        }

        int Given(Option option) => result.GetResult(option) is { Implicit: false } given ? Math.Max(given.Tokens.Count, 1) : 0;

        void Needs(Option option, Option other)
        {
            if (Given(option) > 0 && Given(other) == 0) result.AddError($"{option.Name} needs {other.Name}.");
        }
    }

    private static bool IsModel(string? path) =>
        File.Exists(path) || (path is not null && Has(path, "model_index.json"));

    private static bool HasTokenizer(string folder) =>
        s_tokenizers.Any(file => Has(folder, file))
        || (Directory.Exists(folder) && Directory.EnumerateDirectories(folder, "tokenizer*").Any(HasTokenizer));

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
