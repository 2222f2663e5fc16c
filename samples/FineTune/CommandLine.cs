using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>The options of the command line, most of which are values of the configuration file under another name.</summary>
internal sealed class CommandLine
{
    private readonly List<(Option Option, Action<ParseResult, JsonObject> Set)> _settings = [];

    private readonly Option<string?> _initialText = new("--initial-text")
    {
        Description = "Words that roughly describe --token, from whose embeddings it starts.",
    };

    private readonly Option<int?> _vectors = new("--vectors")
    {
        Description = "Number of vectors of --token; as many as --initial-text has tokens if omitted.",
    };

    public CommandLine()
    {
        Add<string>("model", "--model", "Model folder in the layout of diffusers, or single file with the names of the original code.");
        Add<string>(
            "data.path", "--data", "Captioned images: a folder with metadata.jsonl, metadata.csv or caption files, or Parquet files.");
        Add<string>("out", "--out", "Folder of the run; an interrupted run resumes from here. runs/fine-tuned if omitted.");
        Add<string>("method", "--method", $"Training method: {Names<FineTuneMethod>()}. lora if omitted.");
        Add<string>("tokenizer", "--tokenizer", "For a single file: folder with the tokenizer's files.");
        Add<string>("variant", "--variant", "For a folder: variant of the weights, for example fp16.");
        Option<string?> device = DeviceOption.Create();
        Add(device, (parsed, json) => json["device"] = parsed.GetValue(device));
        Add<string>("training.precision", "--precision", $"What the networks compute in: {Names<TrainingPrecision>()}.");
        Add<ulong?>("seed", "--seed", "Everything random follows from it.");
        Add<long?>("training.steps", "--steps", "Steps of the optimizer.");
        Add<int?>("objective.batch_size", "--batch-size", "Images per batch.");
        Add<int?>("training.gradient_accumulation", "--accumulate", "Batches per step.");
        Add<double?>("training.optimizer.learning_rate", "--learning-rate", "Peak learning rate.");
        Add<double?>("training.ema_decay", "--ema", "Decay of the weights' running average; 0 for none.");
        Add<long?>("training.checkpoint_every", "--checkpoint-every", "Steps between checkpoints.");
        Add<int?>("lora.rank", "--rank", "Rank of the adapters.");
        Add<double?>("lora.alpha", "--alpha", "Strength of the adapters; the rank if omitted.");
        var token = new Option<string?>("--token") { Description = "Token that textual_inversion learns, for example <cat-toy>." };
        Add(token, (parsed, json) => json["tokens"] = new JsonArray(new JsonObject
        {
            ["token"] = parsed.GetValue(token), ["initial_text"] = parsed.GetValue(_initialText), ["vectors"] = parsed.GetValue(_vectors),
        }));
        Add<string>("prior.prompt", "--class-prompt", "Prompt of the class of a subject, whose images keep its knowledge (DreamBooth).");
        Add<string>("prior.path", "--class-images", "Folder of images of the class; generated with the model if omitted.");
        Add<int?>("prior.count", "--class-count", "Number of images of the class that are generated; 100 if omitted.");
        Add<double?>("prior.weight", "--prior-weight", "Weight of their loss; 1 if omitted.");
        Add<string>("training.optimizer.algorithm", "--optimizer", $"Optimizer: {Names<OptimizerAlgorithm>()}.");
        Add<bool?>("objective.train_text_encoder", "--train-text-encoder", "Also train the CLIP text encoders.");
        Add<double?>("objective.caption_dropout", "--caption-dropout", "Fraction of captions replaced by the empty one.");
        Add<double?>("objective.offset_noise", "--offset-noise", "Strength of offset noise.");
        var gamma = new Option<double?>("--min-snr") { Description = "γ of min-SNR weighting; 5 is usual." };
        Add(gamma, (parsed, json) => json.Set(
            "objective.weighting", new JsonObject { ["kind"] = "min_snr", ["gamma"] = parsed.GetValue(gamma) }));
        Add<bool?>("gradient_checkpointing", "--gradient-checkpointing", "Recompute activations: less memory, about a third more work.");
        Add<int?>("data.size", "--size", "Side of square images in pixels; buckets have about its area. The model's if omitted.");
        Add<bool?>("data.buckets", "--buckets", "Sort images into sizes by their proportions; false crops all to squares.");
        Add<bool?>("data.mirror", "--mirror", "Also train on mirrored images.");
        Add<string>("data.captions", "--captions", "Column of the captions in metadata or Parquet files.");
        Add<string>("data.default_caption", "--default-caption", "Caption of images in a folder that have none.");
        Add<bool?>("data.skip_unreadable", "--skip-unreadable", "Leave out and log images that cannot be read.");
        var shuffle = new Option<bool>("--shuffle-tags") { Description = "Shuffle the tags of captions in each epoch." };
        Add(shuffle, (parsed, json) =>
        {
            if (!parsed.GetValue(shuffle)) json.Set("data.tags", null);
            else if (json["data"]?["tags"] is null) json.Set("data.tags", new JsonObject());
        });
        Add<int?>("data.tags.keep_first", "--keep-tags", "First tags that keep their place when tags are shuffled.");
        Add<double?>("data.validation", "--validation", "Fraction of the images to validate on.");
        Add<long?>("validation.every", "--validate-every", "Steps between two validations and image grids.");
        var prompts = new Option<string[]>("--prompt")
        {
            Description = "Prompt of the image grids; several may be given. The first captions if omitted.",
        };
        Add(prompts, (parsed, json) => json.Set(
            "validation.prompts", new JsonArray([.. parsed.GetValue(prompts)!.Select(prompt => JsonValue.Create(prompt))])));
        Add<int?>("validation.images_per_prompt", "--images-per-prompt", "Images of each prompt; 0 for no grids.");
        Add<int?>(
            "validation.effect_images", "--effect-images", "Images that measure what training changes; 0, the default, for none.");
        Add<string>("output.form", "--form", $"Layout of the result: {Names<OutputForm>()}.");
        Command = new RootCommand(
            "Fine-tunes a published model on captioned images: low-rank adapters (LoRA) or all weights. Ctrl-C stops after the current "
            + "step and saves; the same command resumes.")
        {
            Config, Threads, DryRun, PrintsSchema, _initialText, _vectors,
        };
        foreach ((Option option, _) in _settings) Command.Options.Add(option);
        Command.Validators.Add(result =>
        {
            if ((result.GetValue(token) is null) != (result.GetValue(_initialText) is null))
                result.AddError("--token and --initial-text belong together; expected both.");
            if (result.GetValue(Threads) is < 1 and var threads) result.AddError($"--threads is {threads}; expected at least 1.");
        });
    }

    public RootCommand Command { get; }

    public Option<FileInfo?> Config { get; } = new("--config")
    {
        Description = "JSON file with the settings that --schema describes. Other options take precedence.",
    };

    public Option<int?> Threads { get; } = new("--threads")
    {
        Description = "Number of threads that one operation may use; the number of cores if omitted.",
    };

    public Option<bool> DryRun { get; } = new("--dry-run")
    {
        Description = "Report images, sizes, steps and memory. Trains up to four steps in a temporary folder, and writes nothing else.",
    };

    public Option<bool> PrintsSchema { get; } = new("--schema") { Description = "Print the JSON schema of --config, and end." };

    /// <summary>The settings of the command line over those of its file.</summary>
    public SettingsSource Read(ParseResult parsed)
    {
        var json = new JsonObject();
        foreach ((Option option, Action<ParseResult, JsonObject> set) in _settings)
            if (parsed.GetResult(option) is OptionResult { Implicit: false }) set(parsed, json);
        return new SettingsSource(parsed.GetValue(Config)?.FullName, json);
    }

    private void Add<T>(string path, string name, string description)
    {
        var option = new Option<T>(name) { Description = description };
        Add(option, (parsed, json) => json.Set(path, JsonSerializer.SerializeToNode(parsed.GetValue(option))));
    }

    private void Add(Option option, Action<ParseResult, JsonObject> set) => _settings.Add((option, set));

    private static string Names<T>() where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Select(SettingsRules.Name));
}
