using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion.Metadata;

namespace Studio;

/// <summary>The options of the command line.</summary>
internal sealed class CommandLine
{
    private const string DefaultUrl = "http://127.0.0.1:7860";

    private static readonly Dictionary<string, QueueStorage> s_storages = new()
    {
        ["sqlite"] = QueueStorage.Sqlite, ["postgres"] = QueueStorage.Postgres, ["memory"] = QueueStorage.Memory,
    };

    private static readonly Dictionary<string, MetadataFormat> s_formats = new()
    {
        ["native"] = MetadataFormat.Native, ["a1111"] = MetadataFormat.WebUI, ["both"] = MetadataFormat.Both,
    };

    private readonly Option<string[]> _urls = new("--urls")
    {
        Description = "Addresses to listen at. Other machines reach the server only at an address like http://0.0.0.0:7860.",
        DefaultValueFactory = _ => [DefaultUrl], AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string> _data = new("--data")
    {
        Description = "Folder of the database and the images. In the user's local application data if omitted.",
        DefaultValueFactory = _ => DefaultData,
    };

    private readonly Option<ModelArgument[]> _models = new("--model")
    {
        Description = "A model, or NAME=MODEL under a name of your choice: a folder in the layout of diffusers, a single file, "
            + $"organisation/name of a published model, or a shipped one ({string.Join(", ", ModelArgument.Shipped)}). May be given "
            + "several times; the first is the default.",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = ReadModels,
        DefaultValueFactory = _ => [new ModelArgument("drawings", "drawings")],
    };

    private readonly Option<string> _storage = new("--storage")
    {
        Description = $"Where jobs wait: {string.Join(", ", s_storages.Keys)}. sqlite keeps them in a file in --data, postgres in a "
            + "database that several machines share, memory in this process only.",
        DefaultValueFactory = _ => s_storages.Keys.First(),
    };

    private readonly Option<string?> _connection = new("--connection")
    {
        Description = $"Connection string of PostgreSQL. From the variable {ConnectionVariable} if omitted.",
    };

    private readonly Option<bool> _worker = new("--worker")
    {
        Description = "Only generate: take jobs from the shared database, without HTTP.",
    };

    private readonly Option<ImagesArgument?> _images = new("--images")
    {
        Description = $"Where images are kept: a folder, '{ImagesArgument.InDatabase}' for that of PostgreSQL, or s3://BUCKET/PREFIX. If "
            + "omitted, the database with --storage postgres, and otherwise the folder 'images' in --data.",
        CustomParser = ReadImages,
    };

    private readonly Option<KeyArgument[]> _keys = new("--key")
    {
        Description = "NAME=KEY: requests need one of the keys, and NAME is who asks. May be given several times. Also from the variable "
            + $"{KeyArgument.Variable}, which other users of the machine cannot see.",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = ReadKeys, DefaultValueFactory = _ => [],
    };

    private readonly Option<KeyArgument[]> _keyFile = new("--key-file")
    {
        Description = "File with a NAME=KEY in each line.",
        CustomParser = ReadKeyFile, DefaultValueFactory = _ => [],
    };

    private readonly Option<string[]> _administrators = new("--admin")
    {
        Description = "Name of a key that opens the dashboard of all jobs. May be given several times.",
        AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [],
    };

    private readonly Option<bool> _anonymous = new("--allow-anonymous")
    {
        Description = "Let everyone in who reaches the server. Without it, a server without keys listens only on this machine.",
    };

    private readonly Option<string> _metadata = new("--metadata")
    {
        Description = $"Format of the settings in images: {string.Join(", ", s_formats.Keys)}.",
        DefaultValueFactory = _ => s_formats.Keys.First(),
    };

    public CommandLine()
    {
        _storage.AcceptOnlyFromAmong([.. s_storages.Keys]);
        _metadata.AcceptOnlyFromAmong([.. s_formats.Keys]);
        Command = new RootCommand("Serves a web page, the OpenAI images API and the AUTOMATIC1111 API over a queue of jobs.")
        {
            _urls, _data, _models, _storage, _connection, _worker, _images, _keys, _keyFile, _administrators, _anonymous, _metadata,
        };
        Command.Validators.Add(Validate);
    }

    /// <summary>Variable with the connection string: other users of the machine can read command lines.</summary>
    private const string ConnectionVariable = "STUDIO_CONNECTION";

    public RootCommand Command { get; }

    private static string DefaultData => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "LatentDiffusion.Studio");

    public StudioSettings Read(ParseResult parsed)
    {
        QueueStorage storage = s_storages[parsed.GetValue(_storage)!];
        string data = Path.GetFullPath(parsed.GetValue(_data)!);
        return new StudioSettings
        {
            Urls = parsed.GetValue(_urls)!, Data = data, Models = parsed.GetValue(_models)!, Storage = storage,
            Connection = Connection(parsed.GetValue(_connection)), IsWorker = parsed.GetValue(_worker),
            Images = parsed.GetValue(_images) ?? ImagesArgument.Default(storage, data),
            Keys =
            [
                .. parsed.GetValue(_keys)!, .. parsed.GetValue(_keyFile)!, .. KeyArgument.OfEnvironment().Select(KeyArgument.Read),
            ],
            Administrators = parsed.GetValue(_administrators)!, AllowAnonymous = parsed.GetValue(_anonymous),
            Metadata = s_formats[parsed.GetValue(_metadata)!],
        };
    }

    private static ModelArgument[] ReadModels(ArgumentResult result)
    {
        foreach (Token token in result.Tokens)
            if (ModelArgument.Refusal(token.Value) is { } refusal) result.AddError($"--model is '{token.Value}'; {refusal}");
        return [.. result.Tokens.Select(token => ModelArgument.Read(token.Value))];
    }

    private static KeyArgument[] ReadKeys(ArgumentResult result)
    {
        foreach (Token token in result.Tokens)
            if (KeyArgument.Refusal(token.Value, "--key") is { } refusal) result.AddError(refusal);
        return [.. result.Tokens.Select(token => KeyArgument.Read(token.Value))];
    }

    private static KeyArgument[] ReadKeyFile(ArgumentResult result)
    {
        string path = result.Tokens[0].Value;
        try
        {
            string[] lines = [.. KeyArgument.Split(File.ReadAllText(path))];
            if (lines.Length == 0) result.AddError($"--key-file is '{path}', which has no keys; expected NAME=KEY in each line.");
            foreach (string line in lines)
                if (KeyArgument.Refusal(line, $"--key-file '{path}'") is { } refusal) result.AddError(refusal);
            return [.. lines.Select(KeyArgument.Read)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            result.AddError($"--key-file is '{path}', which cannot be read: {e.Message}");
            return [];
        }
    }

    private static ImagesArgument? ReadImages(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (ImagesArgument.Refusal(text) is not { } refusal) return ImagesArgument.Read(text);
        result.AddError($"--images is '{text}'; {refusal}");
        return null;
    }

    private static string? Connection(string? given) => given ?? Environment.GetEnvironmentVariable(ConnectionVariable);

    private void Validate(CommandResult result)
    {
        foreach (string text in KeyArgument.OfEnvironment())
            if (KeyArgument.Refusal(text, KeyArgument.Variable) is { } refusal) result.AddError(refusal);
        foreach (string url in result.GetValue(_urls) ?? [])
            if (ListenAddress.Refusal(url) is { } refusal) result.AddError($"{_urls.Name} is '{url}'; {refusal}");
        // Values of options that are not given are null here.
        QueueStorage storage = s_storages.GetValueOrDefault(result.GetValue(_storage) ?? "");
        bool isWorker = result.GetValue(_worker);
        string? connection = Connection(result.GetValue(_connection));
        if (storage == QueueStorage.Postgres && string.IsNullOrWhiteSpace(connection))
            result.AddError($"{_storage.Name} postgres needs {_connection.Name}, or the variable {ConnectionVariable}.");
        else if (storage == QueueStorage.Postgres && ConnectionText.Refusal(connection!) is { } wrong)
            result.AddError($"{(Given(_connection) ? _connection.Name : ConnectionVariable)} {wrong}");
        else if (storage != QueueStorage.Postgres && result.GetValue(_connection) is not null)
            result.AddError($"{_connection.Name} is only for {_storage.Name} postgres.");
        else if (storage == QueueStorage.Memory && isWorker)
            result.AddError($"{_worker.Name} needs a queue that processes share; expected {_storage.Name} sqlite or postgres.");
        else if (storage == QueueStorage.Memory && result.GetValue(_images) is { Kind: ImagesKind.Database })
            result.AddError($"{_images.Name} {ImagesArgument.InDatabase} needs a database; expected {_storage.Name} sqlite or postgres.");
        else if (isWorker && (Given(_urls) || Given(_keys) || Given(_keyFile) || Given(_administrators) || Given(_anonymous)))
            result.AddError(
                $"{_worker.Name} serves nothing, and has no {_urls.Name}, {_keys.Name}, {_keyFile.Name}, {_administrators.Name} or "
                + $"{_anonymous.Name}.");

        if ((result.GetValue(_models) ?? []).GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            result.AddError($"Two models have the name '{twice.Key}'; expected NAME=MODEL with another name.");

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
    }
}
