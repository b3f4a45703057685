/** Every expected error in English. A code without a line here does not compile. */
import type { ErrorCode, ErrorData } from '../../errors.ts';
import { bytes, count, counted, fileName, quoted } from '../format.ts';
import type { Sentence } from '../sentence.ts';

export const errorSentences = {
  usage: ({ command, reason }) => ({
    title: `${command} cannot be run like this.`,
    cause: reason,
    remedy: `See: ${command} --help`,
    evidence: command,
  }),
  'recipe.field': ({ path, value, legal }) => ({
    title: `The recipe’s field ${path} cannot be ${value}.`,
    cause: `It takes: ${legal}.`,
    remedy: `Change ${path} and start again; nothing was run.`,
    evidence: `${path} = ${value}`,
  }),
  'recipe.version': ({ value }) => ({
    title: `This recipe has version ${value}; I read version 1.`,
    cause: 'Another Atelier wrote it, or the field version is missing.',
    remedy: 'Set "version": 1, or open it with the Atelier that wrote it.',
    evidence: `version = ${value}`,
  }),
  'recipe.unreadable': ({ path, reason }) => ({
    title: `The recipe ${fileName(path)} is not valid JSON.`,
    cause: reason,
    remedy: 'Mend the file at that place and start again.',
    evidence: path,
  }),
  'not-yet': ({ what, value, available }) => ({
    title: `The ${what} ${value} is not available yet.`,
    cause: `Available today: ${available}.`,
    remedy: `Choose another ${what}.`,
    evidence: `${what} = ${value}`,
  }),
  'file.missing': ({ path }) => ({
    title: `${fileName(path)} is not there.`,
    cause: 'The file was moved, renamed or deleted, or its drive is not connected.',
    remedy: 'Put it back, or choose the file again.',
    evidence: path,
  }),
  'file.unreadable': ({ path, reason }) => ({
    title: `${fileName(path)} cannot be read or written.`,
    cause: reason,
    remedy: 'Check its permissions and that no other program holds it, then try again.',
    evidence: path,
  }),
  'file.empty': ({ path }) => ({
    title: `${fileName(path)} is empty.`,
    cause: 'It has no rows at all.',
    remedy: 'Choose a file with rows, or save it again from the program that made it.',
    evidence: path,
  }),
  'file.format': ({ path, reason }) => ({
    title: `${fileName(path)} cannot be read as a table.`,
    cause: reason,
    remedy: 'Save it as CSV (UTF-8), XLSX, JSON or JSONL and choose it again.',
    evidence: path,
  }),
  'file.exists': ({ path }) => ({
    title: `${fileName(path)} is already there.`,
    cause: 'I do not write over files.',
    remedy: 'Choose another folder, or move this one away.',
    evidence: path,
  }),
  'data.header-only': ({ path }) => ({
    title: `${fileName(path)} has a header and no rows.`,
    cause: 'Below the first line there is nothing.',
    remedy: 'Choose a file with rows.',
    evidence: path,
  }),
  'data.column-missing': ({ path, column, columns }) => ({
    title: `${fileName(path)} has no column ${quoted(column)}.`,
    cause: `Its columns: ${columns}.`,
    remedy: 'Choose another column, or rename the one in the file.',
    evidence: path,
  }),
  'data.one-class': ({ column, label, rows }) => ({
    title: `Every row is ${quoted(label)}.`,
    cause: `The column ${quoted(column)} has one value in all ${counted(rows, 'row')}; with one category there is nothing to tell apart.`,
    remedy: 'Add rows of a second category, or choose another label column.',
    evidence: `${column} = ${label} in ${counted(rows, 'row')}`,
  }),
  'data.label-per-row': ({ column, labels, rows }) => ({
    title: `${quoted(column)} has a different value in nearly every row.`,
    cause: `${count(labels)} different values in ${counted(rows, 'row')}: this is a text or a number for each row, not a category.`,
    remedy: 'Choose the column that holds the category.',
    evidence: `${column}: ${count(labels)} values, ${counted(rows, 'row')}`,
  }),
  'data.no-rows': ({ path }) => ({
    title: `No row of ${fileName(path)} can be used.`,
    cause: 'Each row lacks its text or its answer.',
    remedy: 'Check which columns are chosen, or fill the empty cells.',
    evidence: path,
  }),
  'data.broken-row': ({ path, line, reason }) => ({
    title: `Line ${count(line)} of ${fileName(path)} is broken.`,
    cause: reason,
    remedy: 'Mend the line in the file and add it again.',
    evidence: `${path}, line ${count(line)}`,
  }),
  'data.bad-messages': ({ path, row, reason }) => ({
    title: `Row ${count(row)} of ${fileName(path)} is not a conversation.`,
    cause: reason,
    remedy:
      'A conversation is a list of {role, content} that ends with the assistant. Mend the row and add the file again.',
    evidence: `${path}, row ${count(row)}`,
  }),
  'data.bad-span': ({ path, row, span, reason }) => ({
    title: `A span in row ${count(row)} of ${fileName(path)} does not lie on its text.`,
    cause: `${span}: ${reason}.`,
    remedy:
      'Spans are {start, end, label}, counted in characters from 0, the end not included. Correct the span, or remove the row.',
    evidence: `${path}, row ${count(row)}`,
  }),
  'data.too-few-rows': ({ rows, needed }) => ({
    title: `${counted(rows, 'row')} to learn from; it needs at least ${count(needed)}.`,
    cause: 'After check rows and test rows are held back, too few are left.',
    remedy: 'Add rows, or hold back fewer.',
    evidence: `${counted(rows, 'row')}, needed ${count(needed)}`,
  }),
  'data.unseen-label': ({ path, row, label, known }) => ({
    title: `Row ${count(row)} of ${fileName(path)} has the category ${quoted(label)}, which no learning row has.`,
    cause: `Categories in the learning rows: ${known}.`,
    remedy: 'Correct the label, or add learning rows of this category.',
    evidence: `${path}, row ${count(row)}: ${label}`,
  }),
  'model.missing': ({ model, known }) => ({
    title: `There is no model ${quoted(model)}.`,
    cause: `It is neither a folder nor a .gguf file on this computer, nor one of: ${known}.`,
    remedy: 'Choose a model from the list, or the folder or file of one.',
    evidence: model,
  }),
  'model.unknown-architecture': ({ architecture, known }) => ({
    title: `Models of the kind ${quoted(architecture)} are not available yet.`,
    cause: `Available today: ${known}.`,
    remedy: 'Choose a model of one of these kinds.',
    evidence: `model_type = ${architecture}`,
  }),
  'model.config': ({ path, field, value, legal }) => ({
    title: `The model’s ${field} is ${value}; I cannot run that.`,
    cause: `It can be: ${legal}.`,
    remedy: 'Choose another model, or download this one again.',
    evidence: `${path}: ${field} = ${value}`,
  }),
  'model.no-tokenizer': ({ path }) => ({
    title: `${fileName(path)} has no tokenizer.`,
    cause: 'Without tokenizer.json the model cannot read text.',
    remedy: 'Copy tokenizer.json from where the model came from into this folder, or choose another model.',
    evidence: path,
  }),
  'model.no-weights': ({ path }) => ({
    title: `${fileName(path)} has no weights I can read.`,
    cause: 'There is no model.safetensors, no index of one, and no .gguf file in it.',
    remedy: 'Choose the folder that holds the weights, or download the model again.',
    evidence: path,
  }),
  'model.weight-missing': ({ path, name }) => ({
    title: `${fileName(path)} lacks a part of the model.`,
    cause: `The weight ${name} is not in it.`,
    remedy: 'Download the model again.',
    evidence: `${path}: ${name}`,
  }),
  'model.no-words': ({ path, name }) => ({
    title: 'This model cannot name words.',
    cause: `A template with {mask} or {label} is answered by the layer that reads words off the vocabulary, and ${fileName(path)} does not hold it: ${name} is missing. Models for comparing sentences, such as MiniLM, are published without it.`,
    remedy:
      'Take {mask} or {label} out of the template, so that a new layer answers: every method for encoders can do that. Or choose a model with its masked-language-model head.',
    evidence: `${path}: ${name}`,
  }),
  'model.weight-shape': ({ path, name, found, expected }) => ({
    title: `A part of ${fileName(path)} has the wrong size.`,
    cause: `The weight ${name} is ${found}; the model’s config says ${expected}.`,
    remedy: 'The weights and the config belong to different models. Download both again.',
    evidence: `${path}: ${name} ${found}`,
  }),
  'model.not-downloaded': ({ model }) => ({
    title: `${model} is not on this computer yet.`,
    cause: 'It has to be downloaded once; after that no network is needed.',
    remedy: 'Download it on the Model page, or choose a model that is here.',
    evidence: model,
  }),
  'model.task': ({ architecture, task }) => ({
    title: `This model cannot do ${task}.`,
    cause: `Models of the kind ${architecture} are not made for it.`,
    remedy: 'Choose a model that lists this goal.',
    evidence: `${architecture}, ${task}`,
  }),
  'checkpoint.corrupt': ({ path, reason }) => ({
    title: `${fileName(path)} is damaged.`,
    cause: reason,
    remedy: 'Download or copy the file again; I left it as it is.',
    evidence: path,
  }),
  'checkpoint.code': ({ path, name }) => ({
    title: `${fileName(path)} would run code.`,
    cause: `To be loaded it wants ${name} to be called, which a file of weights has no need of.`,
    remedy: 'Use a version of it as safetensors, or one from a source that you trust.',
    evidence: `${path}: ${name}`,
  }),
  'checkpoint.type': ({ path, name, type }) => ({
    title: `${fileName(path)} stores its weights as ${type}, which is not available yet.`,
    cause: `The weight ${name} is of this type.`,
    remedy: 'Choose a version of the model with another number format, for example F16 or Q8_0.',
    evidence: `${path}: ${name} is ${type}`,
  }),
  'tokenizer.unsupported': ({ path, reason }) => ({
    title: `The tokenizer in ${fileName(path)} cannot be read.`,
    cause: reason,
    remedy: 'Choose another model.',
    evidence: path,
  }),
  'template.failed': ({ reason }) => ({
    title: 'The model’s chat template refuses these messages.',
    cause: reason,
    remedy: 'Check that roles alternate between user and assistant, beginning with the user.',
    evidence: reason,
  }),
  'question.incomplete': ({ missing }) => ({
    title: missing === 'context' ? 'The passage is missing.' : 'There is nothing to choose from.',
    cause:
      missing === 'context'
        ? 'This model finds answers in a passage, and none was given.'
        : 'This model chooses among answers, and fewer than two were given.',
    remedy: missing === 'context' ? 'Add the passage that holds the answer.' : 'Add at least two answers.',
    evidence: missing,
  }),
  'rows.too-long': ({ longest, limit, row }) => ({
    title: `Row ${count(row)} is longer than the model takes.`,
    cause: `It has ${counted(longest, 'token')}; the model takes ${count(limit)}.`,
    remedy: `Set the longest text to ${count(limit)} or less: longer rows then lose their end.`,
    evidence: `row ${count(row)}: ${counted(longest, 'token')}`,
  }),
  'method.task': ({ method, task }) => ({
    title: `${method} cannot be used for ${task}.`,
    cause: 'The two do not go together.',
    remedy: 'Choose another method or another goal.',
    evidence: `${method}, ${task}`,
  }),
  'method.architecture': ({ method, architecture, possible }) => ({
    title: `${method} cannot be put on a model of the ${architecture} family.`,
    cause: 'The model has no place for what this method adds.',
    remedy: `Choose another method, or a model of one of these families: ${possible}.`,
    evidence: `${method}, ${architecture}`,
  }),
  'method.no-room': ({ virtualTokens, limit }) => ({
    title: 'The method’s own tokens leave no room for your rows.',
    cause: `It puts ${counted(virtualTokens, 'token')} before each row; the model takes ${count(limit)} in all.`,
    remedy: 'Choose fewer virtual tokens, or a model that takes longer rows.',
    evidence: `${count(virtualTokens)} of ${count(limit)}`,
  }),
  'prompt.no-room': ({ needed, limit }) => ({
    title: 'Not even one question fits, without any example.',
    cause: `The shortest takes ${counted(needed, 'token')} with the template and its answer; there is room for ${count(limit)}.`,
    remedy: 'Allow longer texts under “Longest text”, shorten the template, or choose a model that takes longer rows.',
    evidence: `${count(needed)} of ${count(limit)}`,
  }),
  'method.label-words': ({ word, other, token }) => ({
    title:
      token === ''
        ? `The model has no token for “${word}”.`
        : word === other
          ? `“${word}” stands for two labels.`
          : `“${other}” and “${word}” begin alike for the model.`,
    cause: 'A label answers by the first token of its word, so each word needs a first token of its own.',
    remedy: 'Choose other words for the labels under “Words for the labels”.',
    evidence: `“${other}”, “${word}”: ${token}`,
  }),
  'method.nothing-learns': ({ method }) => ({
    title: `With these settings ${method} learns nothing.`,
    cause: 'Every weight of the model and of its head is frozen, and none is added.',
    remedy: 'Freeze fewer layers, leave fewer out, or choose another method.',
    evidence: method,
  }),
  'method.no-targets': ({ targets, available }) => ({
    title: `“${targets}” chooses no layer of this model.`,
    cause: `Its linear layers: ${available}. None counts that is left out, lies in another layer than those named, or learns whole.`,
    remedy: 'Choose among these under “Layers it corrects”.',
    evidence: targets,
  }),
  'method.merge': ({ method, module, problem }) => ({
    title: `What ${method} learned cannot be merged into the model.`,
    cause:
      problem === 'tied'
        ? `${module} reads words and writes them; the correction changes one of these uses, a merged weight would change both.`
        : problem === 'no-bias'
          ? `${module} has no bias that the learned one could be added to.`
          : 'This method does not change weights; it adds to what the model reads.',
    remedy: 'Export it as an adapter: it then stays beside the model, and computes the same.',
    evidence: module,
  }),
  'pattern.failed': ({ pattern, problem }) => ({
    title: `The pattern ${pattern} cannot be used.`,
    cause:
      problem === 'slow'
        ? 'Matching it against the model’s names takes too long: it tries the same text in too many ways.'
        : 'It is not a regular expression.',
    remedy: 'Name the layers in a list, or write a simpler pattern.',
    evidence: pattern,
  }),
  'adapter.base': ({ path, name, found, expected }) => ({
    title: 'This adapter belongs to another base model.',
    cause: `${name} is ${found} in the adapter; this base model needs ${expected}.`,
    remedy: 'Use it with the base model it was trained on; the recipe beside it names it.',
    evidence: path,
  }),
  'adapter.other-base': ({ path, what, found, expected }) => ({
    title: 'This adapter belongs to another base model.',
    cause: `It was trained on a model whose ${what === 'layers' ? 'number of layers' : what} is ${count(found)}; this one’s is ${count(expected)}.`,
    remedy: 'Choose the base model it was trained on; its card or its adapter_config.json names it.',
    evidence: path,
  }),
  'adapter.empty': ({ path, tensors, example, expected }) => ({
    title: `Nothing that was learned is in ${fileName(path)}.`,
    cause:
      example === ''
        ? 'The file holds no tensor at all: its writing was cut off, or it was saved without the adapter.'
        : `It holds ${count(tensors)} tensors, as ${example}; none has a name such as ${expected}.`,
    remedy: 'Save the adapter again where it was trained, with save_pretrained, and import that folder.',
    evidence: path,
  }),
  'adapter.base-name': ({ path, name }) => ({
    title: `The adapter names ${name} as its base model.`,
    cause: 'That is no name of a model: it leads out of its folder, or to another computer. Nothing of it was opened.',
    remedy: 'Put the model’s name into base_model_name_or_path of adapter_config.json, if you trust the folder.',
    evidence: path,
  }),
  'adapter.task': ({ path, type, legal }) => ({
    title: 'What this adapter is for must be said.',
    cause: `Its files say “${type}”, which does not tell the task.`,
    remedy: `Choose one of: ${legal}.`,
    evidence: path,
  }),
  'adapter.start': ({ path, name, method }) => ({
    title: 'Training cannot start from this adapter.',
    cause: `With these settings ${method} learns ${name}, which the adapter does not have.`,
    remedy: 'Take the settings in the adapter’s own recipe.json, or start anew.',
    evidence: path,
  }),
  'adapter.start-setting': ({ path, setting, value, own }) => ({
    title: `The adapter that training goes on from has ${own} for ${setting}.`,
    cause: `The settings ask for ${value}; what the adapter has learned has no place there.`,
    remedy: `Leave ${setting} out, or write ${own}; or start anew, without the adapter.`,
    evidence: path,
  }),
  'adapter.start-answers': ({ path, own, asked }) => ({
    title: 'The adapter that training goes on from has learned other answers than these rows ask for.',
    cause: `It answers with ${own}; the rows with ${asked}.`,
    remedy: 'Choose rows with its labels, name its labels when it is taken in, or start anew.',
    evidence: path,
  }),
  'adapter.incomplete': ({ path, name }) => ({
    title: `The adapter in ${fileName(path)} lacks ${name}.`,
    cause: 'It was moved in part, or its writing was cut off.',
    remedy: 'Export it again from its run.',
    evidence: `${path}: ${name}`,
  }),
  'training.diverged': ({ step }) => ({
    title: `The error ran away at step ${count(step)}.`,
    cause: 'The step size is too large for these rows: the weights are no longer numbers.',
    remedy: 'Everything up to the last safe point is kept. Start again with a tenth of the step size.',
    evidence: `step ${count(step)}`,
  }),
  'resume.recipe-changed': ({ path }) => ({
    title: 'This run cannot go on with another recipe.',
    cause: `${path} differs from what the run began with.`,
    remedy: 'Continue it as it was, or start a new run.',
    evidence: path,
  }),
  'memory.exhausted': ({ neededBytes, freeBytes }) => ({
    title:
      neededBytes > 0
        ? `It needs ${bytes(neededBytes)} of memory; ${bytes(freeBytes)} are free.`
        : 'The memory of this computer is used up.',
    cause: 'The rows read together, at their length, do not fit beside the model.',
    remedy:
      'Everything up to the last safe point is kept. Use fewer rows at a time, shorter texts or a smaller model, or close other programs.',
    evidence: neededBytes > 0 ? `needed ${bytes(neededBytes)}, free ${bytes(freeBytes)}` : '',
  }),
  'disk.full': ({ path, neededBytes, freeBytes }) => ({
    title:
      neededBytes > 0 ? `It needs ${bytes(neededBytes)} on disk; ${bytes(freeBytes)} are free.` : 'The disk is full.',
    cause: `There is no room to write ${fileName(path)}.`,
    remedy: 'Free some space and try again. What was written before is safe; nothing half-written was left.',
    evidence: path,
  }),
  'device.unavailable': ({ device, available }) => ({
    title: `This computer has no ${device} I can use.`,
    cause: `Available: ${available}.`,
    remedy: 'Set the device to auto or cpu.',
    evidence: `device = ${device}`,
  }),
  'engine.crashed': ({ signal, lastLine }) => ({
    title: 'The engine stopped unexpectedly.',
    cause: signal === '' ? 'Its process ended without a word.' : `Its process was ended by ${signal}.`,
    remedy: 'Everything up to the last safe point is kept: continue the run, or start again.',
    evidence: lastLine,
  }),
  'port.in-use': ({ port }) => ({
    title: `Port ${String(port)} is taken.`,
    cause: 'Another program listens there, perhaps another Atelier.',
    remedy: 'End that program, or choose another port.',
    evidence: `127.0.0.1:${String(port)}`,
  }),
  'pages.missing': ({ folder }) => ({
    title: 'The window has not been built.',
    cause: `There is no index.html in ${folder}.`,
    remedy: 'Run npm install or npm run build in the project folder, then start again.',
    evidence: folder,
  }),
  'instance.second': ({ folder }) => ({
    title: 'Atelier is already open.',
    cause: 'Another Atelier works in the same data folder; two would write over each other.',
    remedy: 'Go on in the window that is open, or set ATELIER_HOME to another folder.',
    evidence: folder,
  }),
  'store.newer': ({ found, known }) => ({
    title: 'Your projects were saved by a newer Atelier.',
    cause: `The file has version ${String(found)}; this Atelier knows up to ${String(known)}.`,
    remedy: 'Install the newer Atelier. The file was not touched.',
    evidence: `version ${String(found)}`,
  }),
  'store.corrupt': ({ path, reason }) => ({
    title: 'The file with your projects is damaged.',
    cause: reason,
    remedy:
      'I left it as it is. Put a backup in its place, or move it away to begin anew; runs and models lie beside it and are not affected.',
    evidence: path,
  }),
  'net.offline': ({ url }) => ({
    title: 'The offline lock is on.',
    cause: 'Nothing goes out while it is on, and this needs a connection.',
    remedy: 'Turn the lock off in the title bar, then try again.',
    evidence: url,
  }),
  'net.failed': ({ url, reason }) => ({
    title: 'The connection failed.',
    cause: reason,
    remedy: 'Check the network and try again; what was received is kept.',
    evidence: url,
  }),
  'net.checksum': ({ file, expected, found }) => ({
    title: `${fileName(file)} did not arrive as it was sent.`,
    cause: 'Its checksum differs, so I discarded it.',
    remedy: 'Download it again. If it differs again, the source has changed the file.',
    evidence: `expected ${expected}, found ${found}`,
  }),
  'net.repository': ({ repository, reason }) => ({
    title: `${quoted(repository)} cannot be downloaded.`,
    cause: reason,
    remedy: 'Check the name on the hub, or choose another model.',
    evidence: repository,
  }),
  'request.invalid': ({ method, path, value, legal }) => ({
    title: `The request ${quoted(method)} is wrong at ${path}.`,
    cause: `${value} is not possible there; it takes: ${legal}.`,
    remedy: 'Correct the value and try again; nothing was changed.',
    evidence: `${path} = ${value}`,
  }),
  'request.refused': ({ reason }) => ({
    title: 'This request is refused.',
    cause: `Its ${reason} is not the studio’s own.`,
    remedy: 'Open the address that Atelier printed when it started, with its token.',
    evidence: reason,
  }),
  'request.too-large': ({ bytes: size, limit }) => ({
    title: `This is larger than ${bytes(limit)}.`,
    cause: `${bytes(size)} were sent or announced.`,
    remedy: 'Split the file, or open it in the desktop window, which reads it where it lies.',
    evidence: `${bytes(size)}, at most ${bytes(limit)}`,
  }),
  'project.incomplete': ({ missing }) => ({
    title: `Decide the ${missing} first.`,
    cause: `The project has no ${missing} yet.`,
    remedy: `Go back to the ${missing} page; everything after it is kept.`,
    evidence: missing,
  }),
  'project.start': ({ name, what }) => ({
    title: `This project goes on from “${name}”, so its ${what} stays.`,
    cause: 'What an adapter has learned fits its own goal, model, method and shape, and no other.',
    remedy: 'Begin anew, without the adapter, or start another project.',
    evidence: what,
  }),
  'answer.setting': ({ path, value, legal }) => ({
    title: `An answer’s setting ${path} cannot be ${value}.`,
    cause: `It takes: ${legal}.`,
    remedy: `Change ${path} and ask again.`,
    evidence: `${path} = ${value}`,
  }),
  'answer.untrained': ({ model }) => ({
    title: 'Untrained, it has no categories to answer with.',
    cause: `${model} reads texts; the layer that chooses a category came with training.`,
    remedy: 'On the Result page the untrained model is compared by the nearest category of what it reads.',
    evidence: model,
  }),
  'run.state': ({ state, wanted }) => ({
    title: `A run that is ${state} cannot be ${wanted}.`,
    cause: 'It has moved on in the meantime.',
    remedy: 'Nothing was changed. Look at the run again.',
    evidence: state,
  }),
  'studio.unreachable': ({ address }) => ({
    title: 'The studio behind this page is gone.',
    cause: 'It was closed, or this address is an old one.',
    remedy: 'Start Atelier again and open the address it prints. Your work is saved.',
    evidence: address,
  }),
  'not-found': ({ kind, id }) => ({
    title: `This ${kind} is not there.`,
    cause: 'It was removed, or the link is an old one.',
    remedy: 'Go back to Home and choose again.',
    evidence: id,
  }),
  busy: ({ what }) => ({
    title: `${what} is busy.`,
    cause: 'Something else is under way there.',
    remedy: 'Wait until it is done, or cancel it.',
    evidence: what,
  }),
  'export.no-place': ({ format, what, reason }) => ({
    title: `${format} has no place for ${what}.`,
    cause: `${reason[0]?.toUpperCase() ?? ''}${reason.slice(1)}.`,
    remedy: 'Export it as a Hugging Face folder, which holds all of it; the run itself is unchanged.',
    evidence: what,
  }),
  'export.unreachable': ({ format, why, what, possible }) => ({
    title: `This cannot be taken along as ${format}.`,
    cause:
      why === 'export.method'
        ? `${format} has no place for what ${what} leaves beside the model.`
        : why === 'export.task'
          ? `${format} is for models that write text; a model for ${what} gives other answers.`
          : `${format} does not know models of the family ${what}.`,
    remedy: `It can be taken along as: ${possible}.`,
    evidence: `${format}: ${what}`,
  }),
  'export.differs': ({ path, name, difference }) => ({
    title: `${name} is not in the file as it was to be written.`,
    cause: `Read back from the file, a number differs by ${String(difference)}.`,
    remedy: 'Do not use these files. The run itself is unchanged; export it again, and report this if it stays.',
    evidence: `${path}: ${name}`,
  }),
  'export.mismatch': ({ matched, of, row }) => ({
    title: `${count(matched)} of ${count(of)} answers match after export.`,
    cause: `Read back from the files, row ${count(row)} is answered differently.`,
    remedy: 'Do not use these files. The run itself is unchanged; export it again, and report this if it stays.',
    evidence: `row ${count(row)}`,
  }),
} satisfies { readonly [C in ErrorCode]: (data: ErrorData[C]) => Sentence };
