// What makes the pages more comfortable. Everything works without it.

const announce = (text) => {
  let region = document.getElementById('announcements');
  if (region === null) {
    region = document.createElement('p');
    region.id = 'announcements';
    region.className = 'unseen';
    region.setAttribute('role', 'status');
    document.body.append(region);
  }
  region.textContent = '';
  setTimeout(() => {
    region.textContent = text;
  }, 50);
};

/** A button with `data-copy="#id"` copies the text of that element. */
const copyButtons = () => {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const source = document.querySelector(button.dataset.copy);
      const label = button.textContent;
      try {
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        button.textContent = 'Copied';
        announce('Copied');
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = 'Press Ctrl+C';
        announce('The text is selected. Press Ctrl+C to copy it.');
      }
      setTimeout(() => {
        button.textContent = label;
      }, 2000);
    });
  }
};

/** Each password field gets a button that shows what was typed, and a note while Caps Lock is on. */
const passwordFields = () => {
  for (const input of document.querySelectorAll('.field input[type=password]')) {
    const row = input.parentElement;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = 'Show';
    button.setAttribute('aria-pressed', 'false');
    button.setAttribute('aria-label', 'Show the password');
    button.setAttribute('aria-controls', input.id);
    button.addEventListener('click', () => {
      const shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.textContent = shown ? 'Hide' : 'Show';
      button.setAttribute('aria-pressed', String(shown));
    });
    // What is sent must not be remembered as ordinary text.
    input.form?.addEventListener('submit', () => {
      input.type = 'password';
    });
    const note = document.createElement('p');
    note.className = 'hint caps';
    note.setAttribute('role', 'status');
    const watch = (event) => {
      const on = event.getModifierState?.('CapsLock') === true;
      const text = on ? 'Caps Lock is on.' : '';
      if (note.textContent !== text) note.textContent = text;
    };
    const forget = () => {
      note.textContent = '';
    };
    input.addEventListener('keydown', watch);
    input.addEventListener('keyup', watch);
    input.addEventListener('blur', forget);
    row.append(button);
    row.after(note);
  }
};

/** A form with `data-confirm-name` can be sent once the name is typed; the server checks it in any case. */
const typedNames = () => {
  for (const form of document.querySelectorAll('form[data-confirm-name]')) {
    const input = form.querySelector('input[name=confirm]');
    const button = form.querySelector('button[type=submit]');
    if (input === null || button === null) continue;
    const judge = () => {
      button.setAttribute('aria-disabled', String(input.value.trim() !== form.dataset.confirmName));
    };
    input.addEventListener('input', judge);
    judge();
  }
};

/** Exact times are shown in the zone of the reader. */
const localTimes = () => {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
  for (const time of document.querySelectorAll('time[datetime]')) {
    const date = new Date(time.dateTime);
    if (!Number.isNaN(date.getTime())) time.title = format.format(date);
  }
};

/** A form is sent once; the browser's back button gives it back. */
const singleSubmission = () => {
  for (const form of document.querySelectorAll('form[method=post]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent === 'yes') event.preventDefault();
      form.dataset.sent = 'yes';
    });
  }
  addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  });
};

/** A menu closes at Escape, and when something else is chosen. */
const menus = () => {
  for (const menu of document.querySelectorAll('details.menu')) {
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !menu.open) return;
      menu.open = false;
      menu.querySelector('summary').focus();
    });
    document.addEventListener('click', (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }
};

/**
 * A choice with `data-at-once` sends its form by itself and hides the button that does so without a script. With the
 * keyboard each step through the list is a choice, so whoever uses it gets the button back.
 */
const choicesAtOnce = () => {
  for (const select of document.querySelectorAll('select[data-at-once]')) {
    const button = select.form.querySelector('button[type=submit]');
    let steps = false;
    if (button !== null) button.hidden = true;
    select.addEventListener('pointerdown', () => {
      steps = false;
    });
    select.addEventListener('keydown', ({ key }) => {
      if (key === 'Tab' || key === 'Shift') return;
      steps = true;
      if (button !== null) button.hidden = false;
    });
    select.addEventListener('change', () => {
      if (!steps || button === null) select.form.requestSubmit();
    });
  }
};

/** Says why a redirect URI will be refused, or null; the server asks the same, and decides. */
const redirectUriFault = (uri, native, remedy) => {
  const url = URL.parse(uri);
  if (url === null) return 'must be an absolute URI.';
  if (/[^\x21-\x7e]|[*\\]/.test(uri))
    return 'must be written out in ASCII: no spaces, wildcards or backslashes; percent-encode the rest.';
  if (uri.includes('#')) return 'must not contain a fragment.';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password.';
  if (['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'].includes(url.protocol))
    return 'must not use a scheme that runs or reads something locally.';
  if (/^https?:/i.test(uri) && !/^https?:\/\/[^/]/i.test(uri)) return 'must be written with // and a host.';
  if (url.protocol === 'https:') return null;
  if (url.protocol === 'http:') {
    if (!['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
      return 'must use https; http is for loopback addresses of native clients.';
    return native ? null : `is a loopback address: ${remedy}`;
  }
  if (!native) return 'must use https.';
  return url.protocol.includes('.')
    ? null
    : 'a scheme of its own must be a reversed domain name, such as com.example.app.';
};

/** A field with `data-check="redirect-uris"` says while it is typed in which line is wrong; its list of errors is a live region. */
const redirectUriFields = () => {
  for (const field of document.querySelectorAll('textarea[data-check="redirect-uris"]')) {
    const list = document.getElementById(`${field.id}-error`);
    const box = field.form?.elements.namedItem('native');
    const remedy = box ? 'tick the box for devices.' : 'this app is registered for https addresses only.';
    let waiting;
    const judge = () => {
      const native = box?.checked ?? field.dataset.native === 'yes';
      const faults = field.value.split('\n').flatMap((line, index) => {
        const fault = line.trim() === '' ? null : redirectUriFault(line.trim(), native, remedy);
        return fault === null ? [] : [`Line ${index + 1} ${fault}`];
      });
      if (faults.join('\n') === [...list.children].map((item) => item.textContent).join('\n')) return;
      list.replaceChildren(
        ...faults.map((fault) => Object.assign(document.createElement('li'), { textContent: fault })),
      );
      if (faults.length > 0) field.setAttribute('aria-invalid', 'true');
      else field.removeAttribute('aria-invalid');
    };
    // Nobody is told off in the middle of a word.
    const later = () => {
      clearTimeout(waiting);
      waiting = setTimeout(judge, 600);
    };
    field.addEventListener('input', later);
    field.addEventListener('change', judge);
    box?.addEventListener('change', judge);
  }
};

copyButtons();
passwordFields();
typedNames();
localTimes();
singleSubmission();
menus();
choicesAtOnce();
redirectUriFields();
